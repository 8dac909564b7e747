import '../shared/older-browsers.ts'
import '../shared/styles/index.css'
import './styles/screen.css'
import './styles/ticket.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BranchApp } from '../shared/branch.tsx'
import { preferences } from '../shared/preferences.ts'
import { KitchenScreen } from './kitchen-screen.tsx'

// A kitchen is bright and its screen hangs all day: dark unless somebody chose otherwise.
preferences.begin('mishkah-kds', { theme: 'dark' })

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    {/* biome-ignore lint/a11y/useValidAriaRole: the part that the app plays for the server */}
    <BranchApp role="kds">
      <KitchenScreen />
    </BranchApp>
  </StrictMode>,
)
