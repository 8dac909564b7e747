import { useState } from 'react'
import { Form } from 'react-aria-components'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { TextField } from '../../components/fields.tsx'
import { BackupsIcon, FolderIcon } from '../../components/icons.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useConsole } from '../../state/console-state.tsx'
import { useBackUp } from '../../state/mutations.ts'
import { useTasks } from '../../state/queries.ts'

/** `folder`: where backups go unless another folder is chosen. */
export function BackUpCard({ folder }: { folder: string }) {
  const { t } = useI18n()
  const { desktop } = useConsole()
  const [typed, setTyped] = useState<string | null>(null)
  const [note, setNote] = useState('')
  const backUp = useBackUp()
  const { data: tasks = [] } = useTasks()
  const isRunning = tasks.some(({ kind, state }) => kind === 'backup' && state === 'running')
  const chosen = typed ?? folder
  async function choose(): Promise<void> {
    const reply = await desktop?.chooseFolder('backup')
    if (reply?.ok && reply.value !== null) setTyped(reply.value)
  }
  return (
    <Card title={t('backups.now.title')} note={t('backups.now.body')}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          if (backUp.isPending || isRunning) return
          const other = chosen.trim() === folder ? '' : chosen.trim()
          backUp.mutate({ folder: other, note: note.trim() }, { onSuccess: () => setNote('') })
        }}
      >
        <TextField
          label={t('backups.now.folder')}
          hint={t('backups.now.folder.hint')}
          isCode
          value={chosen}
          onChange={setTyped}
          button={
            desktop && (
              <Button icon={<FolderIcon />} onPress={() => void choose()}>
                {t('backups.now.choose')}
              </Button>
            )
          }
        />
        <TextField
          label={t('backups.now.note')}
          value={note}
          onChange={setNote}
          placeholder={t('backups.now.note.placeholder')}
        />
        {backUp.error && <ErrorNote error={backUp.error} />}
        <div className="form-end">
          <Button type="submit" variant="primary" isBusy={backUp.isPending || isRunning} icon={<BackupsIcon />}>
            {t('backups.now.button')}
          </Button>
        </div>
      </Form>
    </Card>
  )
}
