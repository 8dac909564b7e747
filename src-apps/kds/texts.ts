import { createTexts } from '../shared/i18n.tsx'
import { ar } from './strings/ar.ts'
import { en } from './strings/en.ts'

export const useTexts = createTexts(en, ar)
