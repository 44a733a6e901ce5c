#!/usr/bin/perl
# Figures that the source signed around a mark are what a drill to that mark has to show: exactly where nothing lay between, within
# bounds where something did; what was altered in the store is found, and what is not known is never a pass.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my ($missing) = grep { !defined shared_path($_) } Odr::Odoo::data_of('odoo17');
plan skip_all => "needs ../shared/$missing" if defined $missing;

my $site = Odr::Site->new(version => 15, cluster => { conf => { max_wal_size => '2GB' } }, evidence => 1);
my $root = new_dir($site->path('filestore'), 0755);
my $service = $site->service;
my $drills = Odr::Drill->new(site => $site);
my ($plans, $sandbox) = ($site->path('plans'), $drills->sandbox);
$site->{sections}{odrbackup} = { drills => $plans };
$site->{sections}{"service $service"} = { filestore => $root, config => 'none' };
$site->start_cluster;
my $source = $site->cluster;
Odr::Odoo->new(cluster => $source, database => 'shop', filestore => $root)->load('odoo17');
$site->write_conf->make_keys->init_repository->start_archiving;

new_dir("$plans/q");
write_file("$plans/q/drift.sql", "-- id: drift  kind: baseline  module: account  odoo: 14-18\n-- needs: account_move_line\n"
	  . "SELECT count(*) FILTER (WHERE debit <> credit AND name = 'planted') AS bad, count(*) AS total, NULL AS detail FROM account_move_line\n");
write_file("$plans/q/lines.sql", "-- id: lines  kind: metric  module: account  odoo: 14-18\n-- needs: account_move_line\n"
	  . "SELECT count(*) FROM account_move_line\n");
write_file("$plans/q/names.sql", "SELECT max(name) AS name, count(*) AS n FROM res_partner\n");
write_file("$plans/q/slow.sql", "SELECT pg_sleep(5)\n");
my $source_conninfo = $source->conninfo('shop');

my $weekly = write_file("$plans/weekly.plan", <<"PLAN");
[plan]
version = 1
name = weekly
service = $service
[schedule]
slot = weekly
[select]
margin = 0s
[sandbox]
directory = $sandbox
keep-failed = 0s
[neutralize]
mode = sql
[check balance]
type = sql
sql = builtin:trial-balance
expect = anchor
gate = true
[check exactly]
type = sql
sql = builtin:invoice-month
expect = anchor exact
[check drift]
type = sql
sql = q/drift.sql
[check partners]
type = sql
sql = q/names.sql
expect = anchor
database = shop
[check lines]
type = trend
sql = q/lines.sql
within = 5% of median 2
severity = info
[check replay]
type = trend
figure = wall
within = 1000% of median 2
severity = info
[check users]
type = compare
sql = q/lines.sql
source = $source_conninfo
expect = ratio 0.5 1.5
database = shop
[evidence]
key = evidence
PLAN

# A figure that moves: one line of a posted entry, and its counterpart.
sub book {
	my ($amount) = @_;
	return "UPDATE account_move_line SET debit = debit + $amount, balance = balance + $amount WHERE id = "
	  . "(SELECT min(l.id) FROM account_move_line l JOIN account_move m ON m.id = l.move_id WHERE m.state = 'posted' AND l.debit > 0)";
}

sub drill {
	my ($arguments, $status, $outcome, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($record) = $drills->run($weekly, $arguments, $status, $outcome, $name);
	return ($record, { map { $_->{name} => $_ } @{ $record->{checks} // [] } });
}

sub anchor { my ($which) = @_; return $site->json('anchor', 'show', $which) }
sub figure { my ($anchor, $query) = @_; return (grep { $_->{query} eq $query } @{ $anchor->{figures} })[0] }
sub object { return (glob $site->repository . "/*/anchor/$_[0]")[0] }

$source->psql('UPDATE account_move_line SET name = \'planted\' WHERE id = (SELECT min(id) FROM account_move_line WHERE debit > 0)', 'shop');
$site->backup('a set');

subtest 'one that nothing disturbs' => sub {
	my $made = $site->tool_ok(['anchor', 'create', $service, 'quiet'], 'an anchor');
	like($made->out, qr/^Anchor 'quiet': .*, 4 figures: 4 exact, 0 bounded;/, 'says what it has');
	my $anchor = anchor('quiet');
	is_deeply({ map { $_->{query} => $_->{basis} } @{ $anchor->{figures} } }, {
			'builtin/trial-balance.sql' => 'identical', 'builtin/invoice-month.sql' => 'identical',
			'q/drift.sql' => 'identical', 'q/names.sql' => 'identical' }, 'each figure of the plan, in one moment');
	is(figure($anchor, 'q/drift.sql')->{before}{rows}[0][0], '1', 'and what is wrong at the source already');
	like($site->tool_ok(['anchor', 'show', 'quiet'], 'shown')->out, qr{^shop +q/drift\.sql +exact: nothing happened between +bad 1, total \d+, detail null$}m,
		'with its values');
	is_deeply([map { $_->{name} } @{ $site->json('list', '--marks')->{marks} }], ['quiet'], 'it is a mark as well');
	$site->tool_fails(['anchor', 'create', $service, 'quiet'], 1, qr/there is a mark 'quiet' already/, 'a name is taken once');
};

# A change that is committed behind the first snapshot and before the restore point: the first look waits for what it locks.
subtest 'one that is disturbed' => sub {
	# Ids tell seconds apart.
	my $second = time;
	poll_until('the next second', sub { time > $second }, 5);
	my $holder = start_program([Odr::Cluster::client('psql'), '-X', '-q', '-d', $source_conninfo, '-c',
			'BEGIN; LOCK TABLE ir_module_module; ' . book(1000) . "; INSERT INTO res_partner (name, active) VALUES ('zzz between', true); "
			. "DO \$\$ BEGIN FOR i IN 1 .. 2000 LOOP PERFORM pg_sleep(0.05); EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE NOT granted); END LOOP; END \$\$; COMMIT"]);
	poll_until('the lock', sub {
			$source->psql("SELECT count(*) FROM pg_locks WHERE relation = 'ir_module_module'::regclass AND mode = 'AccessExclusiveLock'", 'shop') > 0;
		}, 30);
	$site->tool_ok(['anchor', 'create', $service, 'busy'], 'an anchor');
	$holder->wait;
	my $anchor = anchor('busy');
	is(figure($anchor, 'builtin/trial-balance.sql')->{basis}, 'different', 'a figure that changed has both values');
	is(figure($anchor, 'q/drift.sql')->{basis}, 'equal', 'one that did not has one');
	like($site->tool_ok(['anchor', 'show', 'busy'], 'shown')->out,
		qr{^shop +q/names\.sql +bounded: it changed between +name .*, n \d+; behind the mark: name zzz between, n \d+$}m, 'with both');
};
$source->psql(book(77), 'shop');
my %id = map { $_->{name} => $_->{anchor} } @{ $site->json('anchor', 'list')->{anchors} };
$source->psql('DELETE FROM account_move_line WHERE id = (SELECT max(id) FROM account_move_line)', 'shop');
$source->archive_now;

subtest 'a drill to an anchor' => sub {
	my ($record, $check) = drill(['--target', "anchor:$id{quiet}"], 0, 'pass', 'quiet');
	is($check->{$_}{status}, 'pass', "$_ is as it was") or diag $check->{$_}{message} for qw(balance exactly partners);
	like($check->{balance}{basis}, qr/^exact: anchor 'quiet' of /, 'exactly, by that anchor');
	is($check->{drift}{message}, 'the same 1 are wrong as at the source', 'what was wrong there is not new');
	is($check->{lines}{status}, 'not-assessed', 'there is no trend yet');
	like($check->{users}{value}, qr/^\d+ here, \d+ there$/, 'the source was asked, from outside');
	is($check->{users}{status}, 'pass', 'and is near');
	($record, $check) = drill(['--target', 'anchor:latest'], 0, 'pass-with-warnings', 'busy');
	is($record->{draw}{target}, "anchor:$id{busy}", 'the latest is found');
	is($check->{balance}{status}, 'pass', 'the figure that changed is between');
	like($check->{balance}{basis}, qr/^bounded: /, 'which is all that is known');
	is($check->{exactly}{status}, 'pass', 'one that did not change is exact') or diag $check->{exactly}{message};
	is($check->{partners}{status}, 'not-assessed', 'of what changed as text nothing is known');
	like($check->{partners}{message}, qr/^1 figures came, went or changed as text/, 'which is said');
	($record, $check) = drill(['--target', 'anchor:random'], 0, qr/^pass/, 'one that is drawn');
	is($record->{draw}{edge}, 'anchor', 'the draw says that it is one');
	like($check->{balance}{basis}, qr/: anchor '(?:quiet|busy)' of /, 'and its figures hold');
	$site->tool_ok(['evidence', 'verify', $record->{run}{id}], 'the draw can be redone');
};

subtest 'what cannot be taken' => sub {
	my $slow = $site->tool('anchor', 'create', $service, 'part', '--sql', "$plans/q/names.sql", '--sql', 'builtin:no-such');
	is($slow->status, 2, 'a query that is not there is refused') or diag $slow->err;
	write_file("$plans/q/wrong.sql", 'SELECT nothing FROM nowhere');
	my $part = $site->tool('anchor', 'create', $service, 'part', '--sql', "$plans/q/names.sql", '--sql', "$plans/q/wrong.sql");
	is($part->status, 3, 'one that fails is told, and the others are kept');
	like($part->err, qr/wrong\.sql of database '\w+' could not be taken: it could not run: .*nowhere/, 'by its name') or diag $part->err;
	my $none = $site->tool('anchor', 'create', $service, 'none', '--sql', "$plans/q/wrong.sql");
	is($none->status, 4, 'without one figure there is no anchor');
	like($none->err, qr/choose another name.*not one figure could be taken/, 'and it says what to do');
	$source->stop;
	is($site->tool('anchor', 'create', $service, 'down')->status, 10, 'a source that is down is unreachable');
	$source->start;
};

subtest 'a moment without an anchor' => sub {
	my ($record, $check) = drill([], 3, 'incomplete', 'a drawn moment');
	is($check->{balance}{message}, 'there is no anchor of this moment', 'says why it was not assessed');
	ok(!$record->{draw}{operator_chosen}, 'though nobody chose it');
	is($check->{lines}{status}, 'pass', 'there is a trend now') or diag $check->{lines}{message};
	like($check->{lines}{basis}, qr/^median of 2 drills: \d+$/, 'of the drills before');
	is($check->{replay}{status}, 'pass', 'of what was measured as well') or diag $check->{replay}{message};
};

subtest 'what was altered' => sub {
	my $file = object($id{quiet});
	my $good = read_file($file);
	my $other = read_file(object($id{busy}));
	for my $case (['a byte of it', substr($good, 0, 900) . chr(ord(substr $good, 900, 1) ^ 1) . substr($good, 901)], ['another one in its place', $other]) {
		my ($what, $bytes) = @$case;
		chmod 0600, $file;
		write_file($file, $bytes);
		my $list = $site->tool('anchor', 'list');
		is($list->status, 3, "$what: the list says so");
		like($list->err, qr/$id{quiet}/, "$what: and which");
	}
	my ($record, $check) = drill(['--target', "anchor:$id{quiet}"], 13, 'fail-restore', 'as a target');
	is($record->{failure}{state}, 'preflight', 'it is found before anything is fetched');
	($record, $check) = drill(['--target', 'name:quiet'], 3, 'incomplete', 'at its mark');
	like($check->{balance}{message}, qr/^the anchor of this moment cannot be believed: /, 'it judges nothing');
	write_file($file, $good);
};

# What was so at the source before it failed over is still what it started from.
subtest 'behind a failover' => sub {
	$site->tool_ok(['anchor', 'create', $service, 'last'], 'an anchor of the first timeline');
	$source->stop;
	write_file($source->pgdata . '/standby.signal', '');
	$source->start;
	$source->promote;
	$source->psql(book(5), 'shop');
	$source->archive_now;
	my ($record, $check) = drill(['--target', 'latest'], 3, 'incomplete', 'the second timeline');
	is($record->{source}{timeline}, 2, 'it was followed');
	is($check->{drift}{status}, 'pass', 'what was wrong on the first is not new');
	is($check->{drift}{message}, 'the same 1 are wrong as at the source', 'by the anchor before it');
	is($check->{balance}{message}, 'there is no anchor of this moment', 'which is none of this moment');
};

done_testing;
