-- A role for odrbackup that is no superuser: run this once, as superuser, in the database that postgres= of
-- odrbackup.conf(5) names (function grants are per database).
--
--   psql -d postgres -f backup-role.sql
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

COMMIT;

-- For odrbackup heartbeat, if rows are wanted that can be read after a recovery (a database cannot be made by a role
-- without CREATEDB):
--
--   CREATE DATABASE odrbackup OWNER odrbackup;
