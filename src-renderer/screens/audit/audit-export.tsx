import { useMutation } from '@tanstack/react-query'
import { Button } from '../../components/button.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { DownloadIcon } from '../../components/icons.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useConsole } from '../../state/console-state.tsx'
import { saveBlob } from '../snapshots/save-blob.ts'

const FORMATS = ['ndjson', 'csv'] as const
type Format = (typeof FORMATS)[number]

/** The whole log as a file: a link in a browser, by the window's own token in the desktop app. */
export function AuditExport() {
  const { t } = useI18n()
  const { api } = useConsole()
  const download = useMutation({
    mutationFn: async (format: Format) => saveBlob(await api.download(pathOf(format)), `audit.${format}`),
  })
  return (
    <>
      {FORMATS.map((format) => {
        const words = t('audit.export', { format: format === 'csv' ? 'CSV' : 'NDJSON' })
        return api.address.token === null ? (
          <a key={format} className="button button-plain" href={api.linkTo(pathOf(format))} download>
            <DownloadIcon size={18} />
            <span className="button-text">{words}</span>
          </a>
        ) : (
          <Button
            key={format}
            icon={<DownloadIcon size={18} />}
            isBusy={download.isPending && download.variables === format}
            onPress={() => download.mutate(format)}
          >
            {words}
          </Button>
        )
      })}
      {download.error && <ErrorNote error={download.error} />}
    </>
  )
}

function pathOf(format: Format): string {
  return `/api/manage/audit/export?format=${format}`
}
