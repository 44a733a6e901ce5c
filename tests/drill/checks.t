#!/usr/bin/perl
# The shipped checks find nothing wrong in real Odoo databases, and each damage that is planted in a copy turns the right
# check red, with the business process that rests on it. Plans that are shipped are right.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Cluster;
use Odr::Odoo;
use Odr::Tool;
use Odr::Work;

my $plans = "$ENV{ODR_PREFIX}/share/odrbackup/plans";
my @plans = glob "$plans/*.plan";
is(scalar @plans, 14, 'fourteen plans are installed');
tool_ok(['drill', 'lint', @plans], 'and all of them are right');

# As an auditor does it.
{
	my $digests = tool_ok(['drill', 'explain', "$plans/ci.plan", '--digests'], 'the digests of a plan')->out;
	my $folder = new_dir(work_path('audit'), 0755);
	symlink "$ENV{ODR_PREFIX}/share/odrbackup/checks", "$folder/builtin" or die "cannot link: $!\n";
	symlink "$plans/ci.plan", "$folder/ci.plan" or die "cannot link: $!\n";
	my @names = map { (split ' ')[1] } split /\n/, $digests;
	my $sums = run_program(['sha256sum', @names], cwd => $folder, user => 'root');
	is($sums->out, $digests, 'are what sha256sum prints');
	my $hash = run_program(['sha256sum'], stdin => $sums->out)->out =~ s/ .*//sr;
	is(tool('drill', 'explain', "$plans/ci.plan", '--json')->json->{hash}, $hash, 'whose own is the hash of the plan');
}

my $cluster = Odr::Cluster->new(15, 'checks')->init->start;
my $root = new_dir(work_path('filestore'), 0755);

sub check {
	my ($plan, $database, @more) = @_;
	return tool('drill', 'check', "$plans/$plan.plan", '--database', $cluster->conninfo($database), '--json', @more);
}

# name => status, of every result; several of a name become a list.
sub states {
	my ($result) = @_;
	return { map { join(' ', grep { defined } @$_{qw(name part)}) => $_->{status} } @{ $result->json->{checks} } };
}

sub named { my ($result, $name) = @_; return (grep { $_->{name} eq $name } @{ $result->json->{checks} })[0] }

# Odoo-shaped, and no more: what is not there is not assessed.
{
	Odr::Odoo->new(cluster => $cluster, database => 'small', filestore => $root)->create;
	my $result = check('negative', 'small');
	is($result->status, 4, 'what is missing is a failure');
	my $state = states($result);
	is($state->{'odoo-database modules-settled'}, 'pass', 'a database of ours is settled');
	is($state->{'invoices-balanced'}, 'not-assessed', 'and has no invoices');
	is(named($result, 'invoices-balanced')->{message}, 'module account is not installed (no account_move)', 'which is told');
	is($state->{'sales-totals'}, 'fail', 'a table that is missing though its module is installed is a failure');
	$cluster->psql("UPDATE ir_module_module SET state = 'to upgrade' WHERE name = 'sale'", 'small');
	is(states(check('negative', 'small'))->{'odoo-database modules-settled'}, 'fail', 'a module half way is found');
	is($cluster->psql('SELECT count(*) FROM ir_attachment', 'small'), '0', 'nothing is written');
	my $none = check('negative', 'postgres');
	is($none->status, 3, 'a database that is none of Odoo\'s proves nothing: a gate that was not assessed is no pass');
	is(named($none, 'timesheets')->{message}, 'there is no database of Odoo\'s here', 'which is told as well');
}

# 14 and 15 bring no SQL of their own that neutralizes: tables as their source has them.
{
	my $checks = "$ENV{ODR_PREFIX}/share/odrbackup/checks";
	my $old = Odr::Odoo->new(cluster => $cluster, database => 'old', filestore => $root, series => '15.0')->create->business;
	$old->sql(<<'SQL');
ALTER TABLE ir_mail_server DROP COLUMN smtp_authentication;
ALTER TABLE res_users ADD google_calendar_rtoken varchar, ADD microsoft_calendar_rtoken varchar;
UPDATE res_users SET google_calendar_rtoken = 'g', microsoft_calendar_rtoken = 'm' WHERE id = 2;
ALTER TABLE queue_job DROP COLUMN worker_pid;
CREATE TABLE fetchmail_server (id serial, active boolean);
INSERT INTO fetchmail_server (active) VALUES (true);
CREATE TABLE payment_acquirer (id serial, state varchar);
INSERT INTO payment_acquirer (state) VALUES ('enabled'), ('test');
CREATE TABLE delivery_carrier (id serial, active boolean, prod_environment boolean);
INSERT INTO delivery_carrier (active, prod_environment) VALUES (true, true);
CREATE TABLE account_edi_proxy_client_user (id serial, id_client varchar, refresh_token varchar);
INSERT INTO account_edi_proxy_client_user (id_client, refresh_token) VALUES ('c', 't');
CREATE TABLE mail_mail (id serial, state varchar);
INSERT INTO mail_mail (state) VALUES ('outgoing');
SQL
	my $neutral = sub { return [split /\|/, $old->sql(read_file("$checks/neutralized.v14-15.sql"))] };
	my $before = $neutral->();
	is($before->[0], 12, '15.0: what a copy could use is seen') or diag $before->[2];
	is($old->sql('BEGIN; ' . read_file("$checks/queue-job-requeue.sql") . '; ROLLBACK') =~ tr/|//, 10, '15.0: jobs that ran would be freed');
	$old->sql('BEGIN; ' . read_file("$checks/drill-extra-neutralize.sql") . '; COMMIT') for 1 .. 2;
	my $after = $neutral->();
	is_deeply([$after->[0], $after->[2] // ''], [0, ''], '15.0: and taken from it, once or twice');
	is($old->sql("SELECT value FROM ir_config_parameter WHERE key = 'account_edi_proxy_client.demo'"), 'demo', '15.0: electronic invoices are not real');
}

# Queries of a plan, with what no query should do: each is told in its result, and the others are asked all the same.
{
	my $folder = new_dir(work_path('own'), 0755);
	my $text = "[plan]\nversion = 1\nname = own\nservice = s\n[schedule]\nslot = weekly\n[sandbox]\ndirectory = /srv/drill\n";
	my @queries = (
		['copy', 'COPY (SELECT 1) TO STDOUT', 'not-assessed', qr/^it could not run: it is COPY to or from a client, and no query$/],
		['slow', 'SELECT pg_sleep(600)', 'not-assessed', qr/^it did not end within 1 s$/],
		['lost', 'SELECT pg_terminate_backend(pg_backend_pid())', 'fail', qr/^the server ended the connection over it$/],
		['writes', 'CREATE TABLE t ()', 'not-assessed', qr/read-only transaction/],
		['endless', "SELECT repeat('x', 1 << 20)", 'fail', qr/^the value is x{3900}/],
		['right', 'SELECT 1', 'pass', qr/^the value is as expected$/],
	);
	for (@queries) {
		write_file("$folder/$_->[0].sql", $_->[1]);
		$text .= "[check $_->[0]]\ntype = sql\nsql = $_->[0].sql\nexpect = eq 1\ndatabase = postgres\ntime-limit = 1s\n";
	}
	write_file("$folder/own.plan", $text);
	my $result = tool('drill', 'check', "$folder/own.plan", '--database', $cluster->conninfo('postgres'), '--json');
	is($result->status, 4, 'queries that do not behave') or diag $result->describe;
	for (@queries) {
		my $found = named($result, $_->[0]);
		is($found->{status}, $_->[2], "$_->[0]: $_->[2]");
		like($found->{message}, $_->[3], "$_->[0]: and why");
	}
	cmp_ok(length $result->out, '<', 32768, 'and no value fills the record');
}

tool_fails(['drill', 'check', "$plans/negative.plan"], 2, 'which database? Name it by --database CONNINFO', 'a database has to be named');
tool_fails(['drill', 'check', "$plans/negative.plan", '--database', 'host=/nowhere dbname=x'], 10, qr/nowhere/, 'and be there');

my @damages = (
	['journal-item-edited', 'invoices-balanced', 'invoicing'],
	['journal-item-lost', 'invoices-balanced', 'invoicing'],
	['invoice-total-edited', 'invoice-totals', 'invoicing'],
	['invoice-lost-in-the-middle', 'invoice-gaps', 'invoicing'],
	['partial-reconcile-lost', 'invoice-residuals', 'invoicing'],
	['timesheet-line-lost', 'timesheets', 'timesheets'],
	['sale-line-lost', 'sales-totals', 'sales orders'],
	['invoice-line-lost', 'sales-invoiced', 'sales orders'],
);
# What Odoo 16 holds no rows for, or refuses itself, is left to 17.
my %on_16 = map { $_ => 1 } qw(journal-item-lost invoice-total-edited timesheet-line-lost sale-line-lost);

for my $data (qw(odoo17 odoo16)) {
  SKIP: {
		my ($missing) = grep { !defined shared_path($_) } Odr::Odoo::data_of($data);
		skip "needs ../shared/$missing", 1 if defined $missing;
		Odr::Odoo->new(cluster => $cluster, database => $data, filestore => $root)->load($data);
		my $figures = work_path("$data.figures");

		my $clean = check('weekly-random', $data, '--save', $figures);
		my @failed = grep { $_->{status} eq 'fail' } @{ $clean->json->{checks} };
		is_deeply([map { "$_->{name}: $_->{message}" } @failed], [], "$data: nothing is wrong in a real database");
		my @unrun = grep { ($_->{message} // '') =~ /could not run|no check for this version/ } @{ $clean->json->{checks} };
		is_deeply([map { "$_->{name}: $_->{message}" } @unrun], [], "$data: every shipped check runs");
		is(named($clean, 'trial-balance')->{status}, 'not-assessed', "$data: figures alone prove nothing");
		my $same = check('before-deployment', $data, '--compare', $figures);
		for my $name (qw(trial-balance invoices-by-month sales-by-month timesheets-by-month projects stock-value)) {
			is(named($same, $name)->{status}, 'pass', "$data: $name is as it was");
		}

		$cluster->psql("CREATE DATABASE lost TEMPLATE $data");
		$cluster->psql('UPDATE account_move_line SET debit = debit + 1 WHERE id = (SELECT min(l.id) FROM account_move_line l '
			  . "JOIN account_move m ON m.id = l.move_id WHERE m.state = 'posted' AND l.debit > 0)", 'lost');
		my $altered = named(check('before-deployment', 'lost', '--compare', $figures), 'trial-balance');
		is($altered->{status}, 'fail', "$data: a figure that is another is found");
		like($altered->{message}, qr/^1 figures differ: trial_balance \S+: debit is \S+, and was \S+$/, "$data: and told");
		$cluster->psql('DROP DATABASE lost');

		for my $damage (@damages) {
			my ($file, $check, $process) = @$damage;
			next if $data eq 'odoo16' && !$on_16{$file};
			$cluster->psql("CREATE DATABASE damaged TEMPLATE $data");
			$cluster->psql("BEGIN;\n" . read_file("$plans/damage/$file.sql") . "\nCOMMIT", 'damaged');
			my $result = check('negative', 'damaged', '--compare', $figures);
			my $found = named($result, $check);
			is($result->status, 4, "$data: $file is a failure");
			is($found->{status}, 'fail', "$data: found by $check") or diag $found->{message};
			is_deeply($found->{process}, [$process], "$data: of $process");
			$cluster->psql('DROP DATABASE damaged');
		}
	}
}

done_testing;
