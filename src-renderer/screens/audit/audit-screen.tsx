import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import { ScreenHead } from '../../components/screen-head.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { AuditLog } from './audit-log.tsx'
import { LiveRequests } from './live-requests.tsx'

const TABS = ['log', 'live'] as const

export function AuditScreen() {
  const { t } = useI18n()
  return (
    <>
      <ScreenHead title={t('audit.title')} tone="neutral" sentence={t('audit.sentence')} />
      <Tabs className="tabs">
        <TabList className="tab-list" aria-label={t('audit.title')}>
          {TABS.map((id) => (
            <Tab key={id} id={id} className="tab">
              {t(`audit.tab.${id}`)}
            </Tab>
          ))}
        </TabList>
        <TabPanel id="log" className="stack">
          <AuditLog />
        </TabPanel>
        <TabPanel id="live" className="stack">
          <LiveRequests />
        </TabPanel>
      </Tabs>
    </>
  )
}
