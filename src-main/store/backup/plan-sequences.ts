import type { SequenceRule } from '../../../src-shared/protocol/management.ts'
import { nextNumber, periodOf } from '../sequences/rules.ts'
import { MARK_BLOCK } from '../sequences/sequence-marks.ts'
import type { SequenceState } from '../sqlite/branch-inspector.ts'
import type { SequenceMark } from '../sqlite/system-database.ts'

/** Numbers that a sequence skips when nothing knows what was handed out after the backup. */
export const BLIND_SKIP = 10_000

export interface RuleEntry {
  module: string
  table: string
  field: string
  rule: SequenceRule
}

export interface SequenceKnowledge {
  /** As the backup has them. */
  staged: readonly SequenceState[]
  /** As the running database has them; undefined when it cannot be read. */
  live: readonly SequenceState[] | undefined
  /** High-water marks now, and as they were at the time of the backup. */
  marks: readonly SequenceMark[]
  backupMarks: readonly SequenceMark[]
  /** Modules whose running database is a later state of the backup's own history. */
  descended: ReadonlySet<string>
  rules: readonly RuleEntry[]
  /** The business day now, YYYY-MM-DD. */
  today: string
}

export interface RaisedSequence {
  module: string
  tbl: string
  field: string
  period: string
  /** The last number that counts as used from now on. */
  last: number
  lastHash: string | null
  /** The first number that is passed over; `last + 1` when none is. */
  from: number
  isRaised: boolean
}

/**
 * Where each sequence goes on after a restore: above every number that anybody knows to be in use. A number that is
 * printed twice cannot be taken back, a number that is missing can be explained.
 *
 * The most of backup, running database and marks counts. Where none of them is newer than the backup (another machine, a
 * lost system.db), nobody knows what was handed out since, and the sequence skips ahead by 10,000. Periods that are over
 * are never drawn from again; they keep what is known.
 */
export function planSequences(known: SequenceKnowledge): RaisedSequence[] {
  const staged = byKey(known.staged)
  const live = byKey(known.live ?? [])
  const marks = byKey(known.marks)
  const backupMarks = byKey(known.backupMarks)
  const rules = new Map(known.rules.map((entry) => [ruleKey(entry.module, entry.table, entry.field), entry.rule]))
  const names = namesOf(known, rules)
  const plan: RaisedSequence[] = []
  for (const [key, name] of [...names].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const { module, tbl, field, period } = name
    const rule = rules.get(ruleKey(module, tbl, field))
    const isPresent = period === presentPeriod(rule, period, known.today)
    const before = staged.get(key)?.last ?? 0
    const running = live.get(key)?.last ?? 0
    const mark = isPresent ? (marks.get(key)?.value ?? 0) : 0
    const isNewer = known.descended.has(module) || running > before || mark > (backupMarks.get(key)?.value ?? 0)
    const first = nextNumber(rule ?? {}, staged.get(key)?.last ?? null)
    // Marks are written ahead: close above a running database of this very history they say nothing that it does not
    // know better.
    const isExact = known.descended.has(module) && running > 0 && mark <= running + MARK_BLOCK
    let last = Math.max(before, running, isExact ? 0 : mark)
    if (isPresent && !isNewer) last = Math.max(last, first - 1) + BLIND_SKIP
    const source = last === running ? live.get(key) : staged.get(key)
    const isRaised = last > before
    if (last === 0 && !isRaised) continue
    const lastHash = source?.lastHash ?? null
    plan.push({ module, tbl, field, period, last, lastHash, from: isRaised ? first : last + 1, isRaised })
  }
  return plan
}

/** Every sequence that anybody knows, and the present period of each. */
function namesOf(known: SequenceKnowledge, rules: ReadonlyMap<string, SequenceRule>): Map<string, SequenceName> {
  const names = new Map<string, SequenceName>()
  for (const name of [...known.staged, ...(known.live ?? []), ...known.marks]) {
    names.set(keyOf(name), name)
    // Its present period may have been begun after the backup.
    const rule = rules.get(ruleKey(name.module, name.tbl, name.field))
    const present = { ...name, period: presentPeriod(rule, name.period, known.today) }
    names.set(keyOf(present), present)
  }
  for (const { module, table, field, rule } of known.rules) {
    const name = { module, tbl: table, field, period: periodOf(rule, known.today) }
    names.set(keyOf(name), name)
  }
  return names
}

interface SequenceName {
  module: string
  tbl: string
  field: string
  period: string
}

/** The period that numbers are drawn in now; by the form of the given one where no rule is known. */
function presentPeriod(rule: SequenceRule | undefined, period: string, today: string): string {
  return rule ? periodOf(rule, today) : today.slice(0, period.length)
}

function keyOf({ module, tbl, field, period }: SequenceName): string {
  return `${module}\n${tbl}\n${field}\n${period}`
}

function ruleKey(module: string, table: string, field: string): string {
  return `${module}\n${table}\n${field}`
}

function byKey<Item extends SequenceName>(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [keyOf(item), item]))
}
