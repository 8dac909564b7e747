import type { BranchServerStatus } from '../../../src-shared/protocol/management.ts'
import { Card } from '../../components/card.tsx'
import { Details, Facts } from '../../components/details.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { SimpleTable } from '../../components/simple-table.tsx'
import { Code, CopyableCode, Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useConsole } from '../../state/console-state.tsx'
import { mayManage } from '../../state/permissions.ts'
import { useStatus } from '../../state/queries.ts'
import { useIsOpen } from '../people/set-up-first.tsx'
import { Hero } from './hero.tsx'
import { JoinCard } from './join-card.tsx'
import { NeedsCard } from './needs-card.tsx'
import { NetworkCard } from './network-card.tsx'
import { SetUpCard } from './set-up-card.tsx'
import { Tiles } from './tiles.tsx'
import { WritesCard } from './writes-card.tsx'

export function OverviewScreen() {
  const status = useStatus()
  const { me } = useConsole()
  const isOpen = useIsOpen()
  const seesNetwork = mayManage(me, 'network')
  return (
    <Loaded query={status}>
      {(data) => (
        <>
          <Hero status={data} isReachable={!status.isError} />
          {isOpen && <SetUpCard />}
          <Tiles status={data} />
          <div className="columns columns-overview">
            <div className="stack">
              <WritesCard minutes={data.writesPerMinute} />
              <NeedsCard warnings={data.warnings} isOpen={isOpen} />
              {seesNetwork && <NetworkCard isClosed={!isOpen} />}
            </div>
            <JoinCard addresses={data.addresses} seesNetwork={seesNetwork} />
          </div>
          <ServerDetails status={data} />
        </>
      )}
    </Loaded>
  )
}

function ServerDetails({ status }: { status: BranchServerStatus }) {
  const { t, format, labelOf } = useI18n()
  const { branch } = useConsole()
  return (
    <Details>
      <Card>
        <Facts
          facts={[
            { name: t('overview.details.server'), value: <CopyableCode value={status.serverId} /> },
            { name: t('overview.details.version'), value: <Code>{status.version}</Code> },
            { name: t('overview.details.started'), value: <Timestamp iso={status.startedAt} isExact /> },
            { name: t('overview.details.timeZone'), value: <Code>{branch.timeZone}</Code> },
            { name: t('overview.details.dayStart'), value: <Code>{branch.dayStart}</Code> },
          ]}
        />
        <SimpleTable
          label={t('overview.details.modules', { branch: labelOf(branch) })}
          rows={branch.modules}
          keyOf={({ moduleId }) => moduleId}
          columns={[
            {
              id: 'module',
              title: t('overview.details.module'),
              cell: ({ moduleId }) => <Code>{moduleId}</Code>,
              isHeader: true,
            },
            {
              id: 'position',
              title: t('overview.details.position'),
              cell: (m) => format.number(m.version),
              isNumber: true,
            },
            { id: 'epoch', title: t('overview.details.epoch'), cell: (m) => format.number(m.epoch), isNumber: true },
            {
              id: 'records',
              title: t('overview.details.records'),
              cell: (m) => format.number(m.records),
              isNumber: true,
            },
            { id: 'events', title: t('overview.details.events'), cell: (m) => format.number(m.events), isNumber: true },
            {
              id: 'last',
              title: t('overview.details.lastEvent'),
              cell: (m) => (m.lastEventAt ? <Timestamp iso={m.lastEventAt} /> : t('common.never')),
            },
          ]}
        />
      </Card>
    </Details>
  )
}
