# shellcheck shell=bash disable=SC2154
# The database that is measured: about 3 GB and 12,000 files, like an Odoo's. Sourced by run, which sets work, user, quick.
#   pgbench tables        very compressible, updated at random
#   mail_message          words, HTML, ids
#   account_move_line     numbers and dates, several indexes
#   odoo_t1 .. odoo_tN    many small tables
# Checksums are on; there is a socket and no TCP.

pg_bin=/usr/lib/postgresql/15/bin
pgdata=$work/pg/data
pg_socket=$work/s
export PGHOST=$pg_socket PGPORT=5432 PGUSER=postgres

if [ "$quick" = yes ]; then
	scale=5 tables=300 mails=20000 lines=50000 segments=6
else
	scale=120 tables=2000 mails=900000 lines=2500000 segments=50
fi

# Runs a command as the user who owns the server, with no session in between.
as_user() { setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"; }
sql() { as_user "$pg_bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

cluster_start() { as_user "$pg_bin/pg_ctl" -D "$pgdata" -w -t 120 -l "$work/pg/log" "$@" start > /dev/null; }
cluster_stop() { as_user "$pg_bin/pg_ctl" -D "$pgdata" -w -t 120 -m fast stop > /dev/null; }
cluster_pid() { head -1 "$pgdata/postmaster.pid"; }

# An empty cluster, which is not started.
cluster_init() {
	install -d -o "$user" -g "$(id -g "$user")" -m 700 "$work/pg" "$pg_socket"
	as_user "$pg_bin/initdb" -D "$pgdata" -k -U postgres --auth=trust -E UTF8 --locale=C.UTF-8 > /dev/null
	cat >> "$pgdata/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$pg_socket'
		shared_buffers = 1GB
		max_wal_size = 8GB
		checkpoint_timeout = 30min
		maintenance_work_mem = 256MB
		wal_level = replica
		archive_mode = on
		archive_command = '/bin/true'
		autovacuum = off
		log_min_messages = warning
	CONF
}

cluster_create() {
	cluster_init
	cluster_start -o '-c fsync=off -c wal_level=minimal -c max_wal_senders=0 -c archive_mode=off'
	sql -d postgres -c 'CREATE DATABASE odoo'
	as_user "$pg_bin/pgbench" -i -q -s "$scale" odoo 2> /dev/null
	cluster_fill_mail
	cluster_fill_lines
	cluster_fill_small
	sql -d odoo -c 'VACUUM (ANALYZE, FREEZE)' -c CHECKPOINT
	cluster_stop
}

cluster_fill_mail() {
	sql -d odoo -c 'CREATE TABLE mail_message (id int, res_id int, date timestamp, subject varchar, body text, message_id varchar)'
	/usr/bin/perl "$bench_dir/mail" "$mails" 7 | sql -d odoo -c 'COPY mail_message FROM STDIN'
	sql -d odoo <<-'SQL'
		ALTER TABLE mail_message ADD PRIMARY KEY (id);
		CREATE INDEX ON mail_message (message_id);
		CREATE INDEX ON mail_message (res_id, date);
	SQL
}

cluster_fill_lines() {
	sql -d odoo <<-SQL
		SELECT setseed(0.5) \g /dev/null
		CREATE TABLE account_move_line AS
			SELECT i AS id, i / 4 AS move_id, (random() * 4000)::int AS account_id, (random() * 60000)::int AS partner_id,
				'2020-01-01'::date + i / 1500 AS date, round((random() * 9000)::numeric, 2) AS debit,
				round((random() * 9000)::numeric, 2) AS credit,
				'INV/' || (2020 + i / 500000) || '/' || lpad((i / 4)::text, 7, '0') AS name,
				(ARRAY['posted', 'draft', 'cancel'])[1 + i % 3] AS parent_state,
				now() - random() * interval '3 years' AS write_date
			FROM generate_series(1, $lines) i;
		ALTER TABLE account_move_line ADD PRIMARY KEY (id);
		CREATE INDEX ON account_move_line (move_id);
		CREATE INDEX ON account_move_line (partner_id);
		CREATE INDEX ON account_move_line (account_id, date);
	SQL
}

# In steps of 200: one transaction locks every table it makes.
cluster_fill_small() {
	local first
	for ((first = 1; first <= tables; first += 200)); do
		sql -d odoo <<-SQL
			DO \$\$
			BEGIN
				FOR n IN $first .. least($first + 199, $tables) LOOP
					IF n % 2 = 0 THEN
						EXECUTE format('CREATE TABLE odoo_t%s (id serial PRIMARY KEY, create_uid int, write_date timestamp,
							name varchar, note text)', n);
						EXECUTE format('INSERT INTO odoo_t%s (create_uid, write_date, name, note)
							SELECT i, now(), ''rec '' || i, md5(i::text) FROM generate_series(1, %s) i', n, n * 7919 % 300);
					ELSE
						EXECUTE format('CREATE TABLE odoo_t%s (id int PRIMARY KEY, a_id int, b_id int, flag bool)', n);
						EXECUTE format('INSERT INTO odoo_t%s
							SELECT i, i %% 7, i * 3, true FROM generate_series(1, %s) i', n, n::bigint * 104729 % 400);
					END IF;
				END LOOP;
			END \$\$;
		SQL
	done
}

# Full segments of genuine WAL into $work/wal: updates at random, with the page images that follow a checkpoint.
cluster_make_wal() {
	local last
	install -d -o "$user" -g "$(id -g "$user")" -m 700 "$work/wal"
	cluster_start -o "-c archive_command='cp %p $work/wal/%f' -c fsync=off"
	while [ "$(find "$work/wal" -type f | wc -l)" -le "$segments" ]; do
		sql -d odoo -c CHECKPOINT
		as_user "$pg_bin/pgbench" -n -c 4 -T 5 odoo > /dev/null 2>&1
	done
	cluster_stop
	# Clean shutdown switches: the last may be filled only in part.
	last=$(find "$work/wal" -type f | sort | tail -n +"$((segments + 1))")
	[ -z "$last" ] || xargs rm -f <<< "$last"
}

# From here on segments go where COMMAND takes them; what was waiting is gone first.
cluster_archive_by() {
	sql -d odoo -c "ALTER SYSTEM SET archive_command = '${1//\'/\'\'}'" -c 'SELECT pg_reload_conf()' > /dev/null
	local tries
	for tries in {1..200}; do
		[ "$(sql -d odoo -c 'SHOW archive_command')" = "$1" ] &&
			! compgen -G "$pgdata/pg_wal/archive_status/*.ready" > /dev/null && return
		sleep 0.05
	done
	echo "bench: the server does not archive by: $1 ($tries looks)" >&2
	return 1
}
