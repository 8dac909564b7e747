/** Where a reader of a paged list stands. The server only says how to go on; the way back is remembered here. */
export interface PageState {
  /** Cursors of the pages before this one; null is the first page. */
  readonly before: readonly (string | null)[]
  readonly cursor: string | null
}

export type PageAction = { type: 'next'; cursor: string } | { type: 'previous' } | { type: 'first' }

export const FIRST_PAGE: PageState = { before: [], cursor: null }

export function reducePages(state: PageState, action: PageAction): PageState {
  switch (action.type) {
    case 'next':
      return { before: [...state.before, state.cursor], cursor: action.cursor }
    case 'previous': {
      const cursor = state.before.at(-1)
      return cursor === undefined ? FIRST_PAGE : { before: state.before.slice(0, -1), cursor }
    }
    case 'first':
      return FIRST_PAGE
  }
}
