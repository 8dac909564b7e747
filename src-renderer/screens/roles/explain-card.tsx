import { type ReactNode, useState } from 'react'
import { Form } from 'react-aria-components'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import { Badge, ToneIcon } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { ErrorNote } from '../../components/error-state.tsx'
import { SelectField } from '../../components/fields.tsx'
import { JsonField } from '../../components/json-field.tsx'
import { Code } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Explanation, Role } from '../../state/access.ts'
import { useExplain } from '../../state/access-mutations.ts'
import { usePeople } from '../../state/access-queries.ts'
import { useConsole } from '../../state/console-state.tsx'
import { mayManage } from '../../state/permissions.ts'
import { useTables } from '../../state/queries.ts'
import { useRoleName } from './role-name.ts'

const ACTIONS = ['read', 'insert', 'update', 'delete'] as const

/** Undefined for nothing, null for a text that is no JSON object. */
function parseRecord(text: string): JsonObject | null | undefined {
  if (text.trim() === '') return undefined
  try {
    const value = JSON.parse(text) as JsonValue
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}

/** "Why was that refused?": asks the server about a role or a person, without doing anything. */
export function ExplainCard({ roles }: { roles: readonly Role[] }) {
  const { t, labelOf } = useI18n()
  const { branch, moduleId, me } = useConsole()
  const nameOf = useRoleName()
  const { data: people = [] } = usePeople(mayManage(me, 'people'))
  const { data: tables = [] } = useTables()
  const explain = useExplain()
  const [who, setWho] = useState('role:waiter')
  const [action, setAction] = useState<(typeof ACTIONS)[number]>('update')
  const [table, setTable] = useState('order_header')
  const [record, setRecord] = useState('')
  const [previous, setPrevious] = useState('')
  const now = parseRecord(record)
  const before = parseRecord(previous)
  const callers = [
    ...roles.map(({ roleId }) => ({ id: `role:${roleId}`, label: t('explain.role', { name: nameOf(roleId) }) })),
    ...people.map(({ user, name }) => ({ id: `user:${user}`, label: name })),
  ]
  const [kind = '', name = ''] = splitOnce(who)
  return (
    <Card title={t('explain.title')} note={t('explain.body')} className="explain">
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          if (now === null || before === null || explain.isPending) return
          explain.mutate({
            ...{ branchId: branch.branchId, moduleId, table, action, [kind]: name },
            ...(now && { record: now }),
            ...(before && { previous: before }),
          })
        }}
      >
        <div className="form-grid">
          <SelectField label={t('explain.who')} options={callers} value={who} onChange={setWho} />
          <SelectField
            label={t('explain.action')}
            options={ACTIONS.map((id) => ({ id, label: t(`explain.action.${id}`) }))}
            value={action}
            onChange={(next) => setAction(next)}
          />
          <SelectField
            label={t('explain.table')}
            options={tables.map((entry) => ({ id: entry.name, label: labelOf(entry) }))}
            value={table}
            onChange={setTable}
          />
        </div>
        <div className="form-grid">
          <JsonField
            label={t('explain.record')}
            value={record}
            onChange={setRecord}
            hint={t('explain.record.hint')}
            {...(now === null && { problem: t('explain.notJson') })}
          />
          <JsonField
            label={t('explain.previous')}
            value={previous}
            onChange={setPrevious}
            hint={t('explain.previous.hint')}
            {...(before === null && { problem: t('explain.notJson') })}
          />
        </div>
        <div className="form-end">
          <Button type="submit" variant="primary" isBusy={explain.isPending}>
            {t('explain.button')}
          </Button>
        </div>
      </Form>
      {explain.error && <ErrorNote error={explain.error} />}
      {explain.data && <Verdict verdict={explain.data} />}
    </Card>
  )
}

/** At the first colon: user names may not have one, ids of policy roles might. */
function splitOnce(text: string): [string, string] {
  const place = text.indexOf(':')
  return [text.slice(0, place), text.slice(place + 1)]
}

function Verdict({ verdict }: { verdict: Explanation }) {
  const { t } = useI18n()
  const { isAllowed, words, reasons, hiddenFields, refusedFields } = verdict
  return (
    <section className="verdict" data-allowed={isAllowed} aria-live="polite" aria-label={t('explain.verdict')}>
      <Badge tone={isAllowed ? 'ok' : 'danger'}>{t(isAllowed ? 'explain.allowed' : 'explain.refused')}</Badge>
      <p>
        <bdi lang="en">{words}</bdi>
      </p>
      <ul className="answers">
        {reasons.map((reason) => (
          <li key={reason.rule + reason.words} className="answer">
            <ToneIcon tone={reason.holds ? 'ok' : 'danger'} />
            <span>
              <span className="visually-hidden">{t(reason.holds ? 'explain.holds' : 'explain.fails')}: </span>
              <Code>{reason.rule}</Code> <bdi lang="en">{reason.words}</bdi>
            </span>
          </li>
        ))}
      </ul>
      <Fields title={t('explain.hidden')} fields={hiddenFields} />
      <Fields title={t('explain.fixed')} fields={refusedFields} />
    </section>
  )
}

function Fields({ title, fields }: { title: string; fields: Explanation['hiddenFields'] }): ReactNode {
  if (fields.length === 0) return null
  return (
    <p>
      {title} <Code>{fields.map(({ field, rule }) => `${field} (${rule})`).join(', ')}</Code>
    </p>
  )
}
