/** What the program under test asked of the desktop, in order; the test reads it over the control channel. */
export interface RecordedCall {
  call: string
  args: unknown[]
}

const calls: RecordedCall[] = []
const answers = new Map<string, unknown[]>()

export function record(call: string, ...args: unknown[]): void {
  calls.push({ call, args })
}

export function recordedCalls(): readonly RecordedCall[] {
  return calls
}

/** What dialogs answer next; without an answer they are cancelled. */
export function prepareAnswer(call: string, answer: unknown): void {
  answers.set(call, [...(answers.get(call) ?? []), answer])
}

export function takeAnswer(call: string): unknown {
  return answers.get(call)?.shift()
}
