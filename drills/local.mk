# Plans are examples, with the damage of their controls; checks are what plans name as builtin:NAME.
plansdir = $(pkgdatadir)/plans
dist_plans_DATA = \
	drills/before-deployment.plan \
	drills/ci.plan \
	drills/damaged-wal.plan \
	drills/dropped-table.plan \
	drills/failed-upgrade.plan \
	drills/filestore-alone.plan \
	drills/latest.plan \
	drills/negative.plan \
	drills/ransomware.plan \
	drills/recovery-kit.plan \
	drills/region.plan \
	drills/single-tenant.plan \
	drills/weekly-random.plan \
	drills/worst-case.plan

damagedir = $(plansdir)/damage
dist_damage_DATA = \
	drills/damage/invoice-line-lost.sql \
	drills/damage/invoice-lost-in-the-middle.sql \
	drills/damage/invoice-total-edited.sql \
	drills/damage/journal-item-edited.sql \
	drills/damage/journal-item-lost.sql \
	drills/damage/partial-reconcile-lost.sql \
	drills/damage/sale-line-lost.sql \
	drills/damage/timesheet-line-lost.sql

checksdir = $(pkgdatadir)/checks
dist_checks_DATA = \
	drills/checks/account-balanced.sql \
	drills/checks/account-move-totals.sql \
	drills/checks/account-move-totals.v14-15.sql \
	drills/checks/account-residuals.sql \
	drills/checks/account-sequence-gaps.sql \
	drills/checks/analytic-distribution.sql \
	drills/checks/analytic-distribution.v14-15.sql \
	drills/checks/attachments-expected.sql \
	drills/checks/attachments-sanity.sql \
	drills/checks/cron-overdue.sql \
	drills/checks/drill-extra-neutralize.sql \
	drills/checks/drill-login.sql \
	drills/checks/freshness.sql \
	drills/checks/identity.sql \
	drills/checks/invoice-month.sql \
	drills/checks/login-users.sql \
	drills/checks/mail-queue.sql \
	drills/checks/modules-settled.sql \
	drills/checks/neutralized.sql \
	drills/checks/neutralized.v14-15.sql \
	drills/checks/odoo-attachment.json \
	drills/checks/odoo-attachment.scenario \
	drills/checks/odoo-count.json \
	drills/checks/odoo-count.scenario \
	drills/checks/odoo-invoice-report.scenario \
	drills/checks/odoo-invoice.json \
	drills/checks/odoo-login-refused.json \
	drills/checks/odoo-login-refused.scenario \
	drills/checks/odoo-login.json \
	drills/checks/odoo-login.scenario \
	drills/checks/odoo-web-client.scenario \
	drills/checks/pos-orders.sql \
	drills/checks/pos-sessions.sql \
	drills/checks/posted-moves.sql \
	drills/checks/project-profit.sql \
	drills/checks/queue-job-requeue.sql \
	drills/checks/queue-job-stale.sql \
	drills/checks/sale-delivered-qty.sql \
	drills/checks/sale-delivered-qty.v14-16.sql \
	drills/checks/sale-invoiced-qty.sql \
	drills/checks/sale-month.sql \
	drills/checks/sale-totals.sql \
	drills/checks/sequences-ahead.sql \
	drills/checks/stock-onhand.sql \
	drills/checks/stock-picking-state.sql \
	drills/checks/stock-quants.sql \
	drills/checks/stock-quants.v14-16.sql \
	drills/checks/stock-reserved.sql \
	drills/checks/stock-reserved.v14-15.sql \
	drills/checks/stock-reserved.v16.sql \
	drills/checks/timesheets-month.sql \
	drills/checks/timesheets-rollup.sql \
	drills/checks/trial-balance.sql \
	drills/checks/user-access.sql
