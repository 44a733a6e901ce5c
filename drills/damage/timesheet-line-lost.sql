-- Timesheet line lost: timesheets-rollup has to see it.
SET LOCAL session_replication_role = replica;
DELETE FROM account_analytic_line WHERE id=(SELECT min(id) FROM account_analytic_line WHERE task_id IS NOT NULL AND unit_amount>0);
