import { createStore } from './store.ts'

/** What has to be printed before the console goes on. */
export interface RecoveryKit {
  user: string
  recoveryCode: string
}

/** Outlives the screen that asked for it: being signed in changes everything that is shown. Never stored. */
export const recoveryKit = createStore<RecoveryKit | null>(null)
