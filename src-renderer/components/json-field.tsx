import { FieldError, Label, Text, TextArea, TextField } from 'react-aria-components'

interface JsonFieldProps {
  label: string
  value: string
  onChange(value: string): void
  hint: string
  problem?: string
}

/** A record as JSON, left to right in any language. */
export function JsonField({ label, value, onChange, hint, problem }: JsonFieldProps) {
  return (
    <TextField className="field" value={value} onChange={onChange} isInvalid={problem !== undefined}>
      <Label className="field-label">{label}</Label>
      <TextArea className="input json-input" dir="ltr" rows={3} spellCheck={false} autoComplete="off" />
      {problem === undefined && (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-problem">{problem}</FieldError>
    </TextField>
  )
}
