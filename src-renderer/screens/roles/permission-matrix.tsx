import { Card } from '../../components/card.tsx'
import { CheckIcon } from '../../components/icons.tsx'
import { SimpleTable } from '../../components/simple-table.tsx'
import { Code } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import type { Role } from '../../state/access.ts'
import { covers } from './covers.ts'
import { useRoleName } from './role-name.ts'

/** For the technician: every word that any role has, and which roles are covered by it. */
export function PermissionMatrix({ roles }: { roles: readonly Role[] }) {
  const { t } = useI18n()
  const nameOf = useRoleName()
  const words = [...new Set(roles.flatMap(({ permissions }) => permissions))].sort()
  return (
    <Card title={t('roles.matrix')}>
      <SimpleTable
        label={t('roles.matrix')}
        rows={words.map((word) => ({ word }))}
        keyOf={({ word }) => word}
        columns={[
          {
            id: 'word',
            title: t('roles.matrix.permission'),
            isHeader: true,
            cell: ({ word }) => <Code>{word}</Code>,
          },
          ...roles.map(({ roleId, permissions }) => ({
            id: roleId,
            title: <bdi>{nameOf(roleId)}</bdi>,
            cell: ({ word }: { word: string }) =>
              covers(permissions, word) ? (
                <>
                  <CheckIcon size={18} className="tone-ok" />
                  <span className="visually-hidden">{t('common.yes')}</span>
                </>
              ) : (
                <span className="soft">{t('common.no')}</span>
              ),
          })),
        ]}
      />
    </Card>
  )
}
