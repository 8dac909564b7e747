import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { SnapshotSummary } from '../../../src-shared/protocol/management.ts'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { TextField } from '../../components/fields.tsx'
import { SnapshotsIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { ScreenHead } from '../../components/screen-head.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useTakeSnapshot } from '../../state/mutations.ts'
import { useSnapshots } from '../../state/queries.ts'
import { useNow } from '../../state/use-now.ts'
import { DeleteSnapshot, RestoreSnapshot } from './snapshot-dialogs.tsx'
import { SnapshotLine, useSnapshotName } from './snapshot-line.tsx'

type Asked = { what: 'restore' | 'delete'; snapshot: SnapshotSummary } | null

export function SnapshotsScreen() {
  const { t } = useI18n()
  const snapshots = useSnapshots()
  const [asked, setAsked] = useState<Asked>(null)
  const close = () => setAsked(null)
  return (
    <>
      <Head snapshots={snapshots.data} />
      <TakeCard />
      <Card title={t('snapshots.list')}>
        <Loaded query={snapshots}>
          {(list) =>
            list.length === 0 ? (
              <EmptyState icon={<SnapshotsIcon size={28} />} title={t('snapshots.empty.title')}>
                {t('snapshots.empty.body')}
              </EmptyState>
            ) : (
              <ul className="lines">
                {list.map((snapshot) => (
                  <SnapshotLine
                    key={snapshot.snapshotId}
                    snapshot={snapshot}
                    onAsk={(what) => setAsked({ what, snapshot })}
                  />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Card>
      {asked?.what === 'restore' && <RestoreSnapshot snapshot={asked.snapshot} onClose={close} />}
      {asked?.what === 'delete' && <DeleteSnapshot snapshot={asked.snapshot} onClose={close} />}
    </>
  )
}

function Head({ snapshots = [] }: { snapshots: readonly SnapshotSummary[] | undefined }) {
  const { t, format } = useI18n()
  const nameOf = useSnapshotName()
  const now = useNow()
  const newest = snapshots[0]
  const sentence = newest
    ? t('snapshots.sentence', {
        count: snapshots.length,
        name: nameOf(newest),
        time: format.relative(newest.createdAt, now),
      })
    : t('snapshots.sentence.none')
  return <ScreenHead title={t('snapshots.title')} tone={newest ? 'ok' : 'neutral'} sentence={sentence} />
}

function TakeCard() {
  const { t } = useI18n()
  const [name, setName] = useState('')
  const take = useTakeSnapshot()
  return (
    <Card title={t('snapshots.take.title')} note={t('snapshots.take.body')}>
      <Form
        className="line-form"
        onSubmit={(event) => {
          event.preventDefault()
          if (!take.isPending) take.mutate({ name: name.trim() }, { onSuccess: () => setName('') })
        }}
      >
        <TextField
          label={t('snapshots.take.name')}
          value={name}
          onChange={setName}
          placeholder={t('snapshots.take.placeholder')}
        />
        <Button type="submit" variant="primary" isBusy={take.isPending} icon={<SnapshotsIcon />}>
          {t('snapshots.take.button')}
        </Button>
      </Form>
      {take.error && <ErrorNote error={take.error} />}
    </Card>
  )
}
