-- A role for odrbackup that is no superuser: run this once, as superuser, in the database that postgres= of
-- odrbackup.conf(5) names (function grants are per database), and in each database of Odoo, also in those that come later:
--
--   psql -d postgres -f backup-role.sql
--   psql -d erp -f backup-role.sql
--
-- How the role logs in is up to pg_hba.conf; with a socket and peer authentication, for example:
--
--   pg_hba.conf     local  postgres  odrbackup  peer  map=odrbackup
--   pg_ident.conf   odrbackup  postgres  odrbackup
--
-- and in odrbackup.conf: postgres=host=/var/run/postgresql dbname=postgres user=odrbackup

\set ON_ERROR_STOP on

BEGIN;

SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'odrbackup') AS is_new \gset
\if :is_new
CREATE ROLE odrbackup LOGIN;
\endif

-- Where the data directory and the configuration files are, and what the archiver does.
GRANT pg_monitor TO odrbackup;

-- The backup itself; the functions have other names since PostgreSQL 15.
SELECT current_setting('server_version_num')::int >= 150000 AS is_15 \gset
\if :is_15
GRANT EXECUTE ON FUNCTION pg_catalog.pg_backup_start(text, boolean) TO odrbackup;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_backup_stop(boolean) TO odrbackup;
\else
GRANT EXECUTE ON FUNCTION pg_catalog.pg_start_backup(text, boolean, boolean) TO odrbackup;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_stop_backup(boolean, boolean) TO odrbackup;
\endif

-- The check of the archive ends a WAL segment and waits until it is stored.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_switch_wal() TO odrbackup;

-- odrbackup mark.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_create_restore_point(text) TO odrbackup;

-- The part config: which files pg_hba.conf includes.
GRANT SELECT ON pg_catalog.pg_hba_file_rules TO odrbackup;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO odrbackup;

-- Of a database of Odoo: its modules; which files it names; and the lock on the job of its collector, which Odoo leaves alone
-- while it is held. UPDATE of one column is the least with which PostgreSQL grants a lock on a row.
SELECT to_regclass('public.ir_attachment') IS NOT NULL AND to_regclass('public.ir_cron') IS NOT NULL AS is_odoo \gset
\if :is_odoo
GRANT SELECT ON public.ir_module_module, public.ir_attachment, public.ir_cron, public.ir_model_data TO odrbackup;
GRANT UPDATE (priority) ON public.ir_cron TO odrbackup;
-- With filestore-fence=table only, for which the first of these is wanted from PostgreSQL 16 on:
--   GRANT INSERT, UPDATE ON public.ir_attachment TO odrbackup;
\endif

COMMIT;

-- For odrbackup heartbeat, if rows are wanted that can be read after a recovery (a database cannot be made by a role
-- without CREATEDB):
--
--   CREATE DATABASE odrbackup OWNER odrbackup;
