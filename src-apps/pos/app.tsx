import { OpenShift } from './screens/open-shift.tsx'
import { TillProvider, usePlace } from './state/till.tsx'
import { Workplace } from './workplace.tsx'

/** Without an open shift nothing can be sold. */
export function App() {
  const { terminal, shift, choose } = usePlace()
  if (!terminal || !shift) return <OpenShift terminalId={terminal?.id} onOpen={choose} />
  return (
    <TillProvider key={shift.id} terminal={terminal} shift={shift} onLeave={() => choose(null)}>
      <Workplace />
    </TillProvider>
  )
}
