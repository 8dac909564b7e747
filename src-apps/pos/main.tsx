import '../shared/styles/index.css'
import './styles/frame.css'
import './styles/sell.css'
import './styles/boards.css'
import './styles/dialogs.css'
import './styles/receipt.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BranchApp } from '../shared/branch.tsx'
import { App } from './app.tsx'

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    {/* biome-ignore lint/a11y/useValidAriaRole: what the server's log calls this device, no role of ARIA */}
    <BranchApp role="pos">
      <App />
    </BranchApp>
  </StrictMode>,
)
