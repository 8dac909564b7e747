import { useState } from 'react'
import type { SnapshotSummary } from '../../../src-shared/protocol/management.ts'
import { Button, IconButton } from '../../components/button.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { DownloadIcon, RestoreIcon, TrashIcon } from '../../components/icons.tsx'
import { largestSlices, StackedBar } from '../../components/stacked-bar.tsx'
import { Bytes, CopyableCode, Timestamp } from '../../components/text.tsx'
import { showToast } from '../../components/toast.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useConsole, usePreferences } from '../../state/console-state.tsx'
import { useTables } from '../../state/queries.ts'
import { saveBlob } from './save-blob.ts'

const SLICES = 5

/** What the manager called it, or when it was taken; what the server took is named after its reason. */
export function useSnapshotName(): (snapshot: SnapshotSummary) => string {
  const { t, format } = useI18n()
  return ({ name, reason, createdAt }) => {
    if (reason !== 'manual') return t(`snapshots.reason.${reason}`)
    return name.trim() || t('snapshots.unnamed', { time: format.dateTime(createdAt) })
  }
}

interface SnapshotLineProps {
  snapshot: SnapshotSummary
  onAsk(what: 'restore' | 'delete'): void
}

export function SnapshotLine({ snapshot, onAsk }: SnapshotLineProps) {
  const { t, labelOf } = useI18n()
  const nameOf = useSnapshotName()
  const { data: tables = [] } = useTables()
  const [{ hasDetails }] = usePreferences()
  const name = nameOf(snapshot)
  const labels = new Map(tables.map((table) => [table.name, labelOf(table)]))
  const slices = snapshot.tables.map((table) => ({
    id: table.name,
    label: labels.get(table.name) ?? table.name,
    value: table.count,
  }))
  return (
    <li className="line" data-snapshot={snapshot.snapshotId}>
      <div className="line-words">
        <h3 className="line-title">
          <bdi>{name}</bdi>
        </h3>
        <p className="line-facts">
          <Timestamp iso={snapshot.createdAt} />
          <span>{t('count.records', { count: snapshot.records })}</span>
          <Bytes value={snapshot.sizeBytes} />
          {snapshot.reason === 'manual' && <span>{t('snapshots.reason.manual')}</span>}
        </p>
        <StackedBar slices={largestSlices(slices, SLICES, t('snapshots.tables.more'))} label={t('snapshots.tables')} />
        {hasDetails && (
          <p className="line-facts">
            <CopyableCode value={snapshot.snapshotId} />
            <span>{t('snapshots.position', { epoch: snapshot.epoch, seq: snapshot.seq })}</span>
          </p>
        )}
      </div>
      <div className="line-actions">
        <Download snapshot={snapshot} name={name} />
        <Button
          size="small"
          icon={<RestoreIcon size={18} />}
          label={t('snapshots.restoreOf', { name })}
          onPress={() => onAsk('restore')}
        >
          {t('snapshots.restore')}
        </Button>
        <IconButton label={t('snapshots.deleteOf', { name })} icon={<TrashIcon />} onPress={() => onAsk('delete')} />
      </div>
    </li>
  )
}

/** In a browser a plain link: the file streams to disk. A link of the desktop's window cannot carry its token. */
function Download({ snapshot, name }: { snapshot: SnapshotSummary; name: string }) {
  const { t } = useI18n()
  const { api, modulePath } = useConsole()
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const path = `${modulePath}/snapshots/${encodeURIComponent(snapshot.snapshotId)}`
  const label = t('snapshots.downloadOf', { name })
  if (api.address.token === null) {
    return (
      <a className="button button-plain button-small" href={api.linkTo(path)} download aria-label={label}>
        <DownloadIcon size={18} />
        <span className="button-text">{t('snapshots.download')}</span>
      </a>
    )
  }
  async function download(): Promise<void> {
    setBusy(true)
    setError(null)
    try {
      saveBlob(await api.download(path), `${snapshot.snapshotId}.json`)
      showToast(t('snapshots.downloading'))
    } catch (caught) {
      setError(caught instanceof Error ? caught : new Error(String(caught)))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Button
        size="small"
        icon={<DownloadIcon size={18} />}
        label={label}
        isBusy={isBusy}
        onPress={() => void download()}
      >
        {t('snapshots.download')}
      </Button>
      {error && <ErrorNote error={error} />}
    </>
  )
}
