import { createTexts } from './i18n.tsx'
import { ar } from './strings/ar.ts'
import { en } from './strings/en.ts'

/** Texts of what both apps share. */
export const useSharedTexts = createTexts(en, ar)
