import { Button } from '../../components/button.tsx'
import { usePreferences } from '../../state/console-state.tsx'

/** Whoever cannot read the page finds the other language in its own name. */
export function LanguageChoice() {
  const [{ language }, change] = usePreferences()
  const other = language === 'ar' ? ({ id: 'en', name: 'English' } as const) : ({ id: 'ar', name: 'العربية' } as const)
  return (
    <Button variant="ghost" onPress={() => change({ language: other.id })}>
      <bdi lang={other.id}>{other.name}</bdi>
    </Button>
  )
}
