import './styles/fonts.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/shell.css'
import './styles/controls.css'
import './styles/content.css'
import './styles/overlays.css'
import './styles/screens.css'
import './styles/access.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { openServerLink } from './state/connection.ts'
import { createPreferences } from './state/preferences.ts'

const preferences = createPreferences()
const link = openServerLink(window.mishkahDesktop, window.location.origin)

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App preferences={preferences} link={link} desktop={window.mishkahDesktop} />
  </StrictMode>,
)
