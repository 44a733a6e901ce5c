#!/usr/bin/perl
# Drills of every kind, and what is looked at when the clock has stopped: damage that is planted in the copy is found.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::UNIX ();
use JSON::PP ();
use Test::More;

use Odr::Cluster ();
use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Tool ();
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 }, evidence => 1);
my $root = new_dir($site->path('filestore'), 0755);
my $service = $site->service;
$site->{sections}{"service $service"} = { filestore => $root };
$site->create;
my $source = $site->cluster;
my $shop = Odr::Odoo->new(cluster => $source, database => 'shop', filestore => $root)->create;
$shop->upload("first $_") for 1 .. 5;
$source->psql(<<'SQL', 'shop');
CREATE FUNCTION public.bucket(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT n % 7';
CREATE TABLE public.ledger (n integer PRIMARY KEY, text text);
INSERT INTO public.ledger SELECT n, repeat('x', 20) FROM generate_series(1, 2000) n;
CREATE INDEX ledger_bucket ON public.ledger (public.bucket(n));
SQL
$site->backup('database and filestore');
$source->archive_now;
my $drills = Odr::Drill->new(site => $site);
my %extended = (extended => { amcheck => 'all' });

subtest 'structure and pages of a good copy' => sub {
	my $sql = $drills->beside('memory.sql', <<'SQL');
-- id: memory  kind: assert  module: base  odoo: 14-18
SELECT count(*) FILTER (WHERE setting <> CASE name WHEN 'work_mem' THEN '7168' WHEN 'shared_buffers' THEN '4096' ELSE 'auto_explain' END)
	AS bad, count(*) AS total, string_agg(name || '=' || setting, ' ') AS detail
FROM pg_settings WHERE name IN ('work_mem', 'shared_buffers', 'shared_preload_libraries')
SQL
	my ($record) = $drills->run($drills->plan('good', %extended,
			postgresql => { 'shared-buffers' => '32MiB', set => 'work_mem = 7MB', libraries => 'auto_explain' },
			'check memory' => { type => 'sql', sql => $sql, gate => 'true' }), [], 0, 'pass', 'a good copy');
	is(Odr::Drill::check_of($record, 'memory')->{status}, 'pass', 'the settings of the plan are those of the server');
	like(Odr::Drill::check_of($record, 'amcheck')->{message}, qr/^the structure of \d+ relations is right/, 'relations are looked at');
	my $pages = Odr::Drill::check_of($record, 'page-checksums', stage => 'extended');
	like($pages->{message}, qr/^the checksums of \d{3,} pages are right/, 'and all pages');
	$drills->ok_nothing_left('a good copy');
};

subtest 'how far files are looked at' => sub {
	my @cases = (
		[{ sample => '20%', 'sample-min' => 2 }, 2, qr/^all 5 files are there, of their sizes; 2 drawn ones were compared by hash, 0 differ: damaged share at most 78 %/],
		[{ 'sample-max' => 1 }, 1, qr/; 1 drawn ones were compared by hash/],
		[{ mode => 'size' }, 0, qr/^all 5 files are there, of their sizes; none was read$/],
		[{ mode => 'exist' }, 0, qr/^all 5 files are there; none was read$/],
		[{}, 5, qr/^all 5 files are there and right$/],
	);
	for my $case (@cases) {
		my ($keys, $checked, $message) = @$case;
		my ($record) = $drills->run($drills->plan('files', 'check files' => { type => 'filestore', %$keys }), [], 0, 'pass', "files: $checked compared");
		like(Odr::Drill::check_of($record, 'files')->{message}, $message, 'the result says how far');
		is($record->{filestore}{checked}, $checked, 'so does the record');
		is($record->{filestore}{sampled}, $checked < 5 ? JSON::PP::true() : JSON::PP::false(), 'and whether that is a sample');
	}
};

subtest 'damage in the copy' => sub {
	my $psql = Odr::Cluster::client('psql');
	my $plant = write_file($site->path('plant'), <<"SH", 0755);
#!/bin/sh
set -e
psql() { '$psql' -X -q -At -d "\$ODR_CONNINFO dbname=shop" -c "\$1"; }
psql "CREATE OR REPLACE FUNCTION public.bucket(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT n % 5'"
psql CHECKPOINT
file=\$(psql "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('public.ledger_pkey')")
printf '\\377\\377' | dd of="\$file" bs=1 seek=\$((2 * 8192 + 4000)) conv=notrunc status=none
echo "\$file is damaged"
SH
	my ($record) = $drills->run($drills->plan('damaged', %extended,
			'check plant' => { type => 'command', command => $plant, stage => 'promoted' }), [], 4, 'fail-check', 'a damaged copy');
	my $amcheck = Odr::Drill::check_of($record, 'amcheck', database => 'shop');
	is($amcheck->{value}, 2, 'amcheck finds both') or diag explain $amcheck;
	like($amcheck->{message}, qr/ledger_bucket: .*lacks matching index tuple/, 'an index that lacks rows');
	like($amcheck->{message}, qr/ledger_pkey: .*invalid page in block 2/, 'and one that cannot be read');
	my $pages = Odr::Drill::check_of($record, 'page-checksums', stage => 'extended');
	like($pages->{message}, qr{^1 of \d+ pages are damaged: base/\d+/\d+ block 2$}, 'the page is named');
	$drills->ok_nothing_left('a damaged copy');
};

# Nothing of this host is reached by a socket in the file system, though a network of its own does not keep the copy from that: tried
# by a program beside the server, and by the server itself.
subtest 'sockets of this host' => sub {
	my $run = "/run/odr-kinds-$$";
	my $listener = IO::Socket::UNIX->new(Local => $run, Listen => 1) or die "cannot listen at $run: $!\n";
	chmod 0777, $run;
	my $production = $source->socket . "/.s.PGSQL.$source->{port}";
	ok(IO::Socket::UNIX->new(Peer => $_), "$_ can be reached from here") for $run, $production;
	my $try = write_file($site->path('try'), <<'PERL', 0755);
#!/usr/bin/perl
use IO::Socket::UNIX;
my @reached = grep { IO::Socket::UNIX->new(Peer => $_) } @ARGV;
print @reached ? "@reached\n" : "none\n";
exit(@reached != 0);
PERL
	my $psql = Odr::Cluster::client('psql');
	my $inside = write_file($site->path('inside'), <<"SH", 0755);
#!/bin/sh
exec '$psql' -X -q -At -v ON_ERROR_STOP=1 -d "\$ODR_CONNINFO dbname=shop" -c "COPY (SELECT 1) TO PROGRAM '$try $run $production >&2'"
SH
	my ($record) = $drills->run($drills->plan('sockets', 'check beside' => { type => 'command', command => "$try; $run; $production" },
			'check inside' => { type => 'command', command => $inside, stage => 'promoted' }), [], 0, 'pass', 'sockets');
	my %tried = map { $_->{to} => $_->{errno} } grep { $_->{where} eq 'server' } @{ $record->{isolation}{probes} };
	ok($tried{$_}, "$_ was tried before the copy was let run, and the record says so") for $run, $production;
	close $listener;
	unlink $run;
	$drills->ok_nothing_left('sockets');
};

subtest 'what the copy may take' => sub {
	my $hog = write_file($site->path('hog'), "#!/usr/bin/perl\n\$a = 'x' x (600 << 20);\nprint \"it had it\\n\";\n", 0755);
	my ($record) = $drills->run($drills->plan('limits', sandbox => { memory => '300MiB', 'cpu-weight' => 30, 'io-weight' => 30 },
			'check hog' => { type => 'command', command => $hog }), [], 4, 'fail-check', 'limits');
	isnt(Odr::Drill::check_of($record, 'hog')->{value}, 0, 'more memory is refused');
	my %limit = map { $_->{name} => $_ } @{ $record->{sandbox}{limits} };
	is_deeply({ map { $_ => $limit{$_}{asked} } keys %limit }, { memory => 300 << 20, 'cpu-weight' => 30, 'io-weight' => 30 },
		'the record says what was asked');
	for my $name (sort keys %limit) {
		my $by = $limit{$name}{by} // 'nobody';
		my @told = grep { /^\Q$name\E= of \[sandbox\] holds / } @{ $record->{deviations} };
		is(scalar @told, $by eq 'group' ? 0 : 1, "$name is kept by $by, which is a deviation unless it is the group");
		like($told[0], qr/holds for each process alone/, "$name: and told") if $by eq 'process';
	}
	ok($limit{memory}{held}, 'the memory is kept to');
	like($site->tool_ok(['report', 'drill', $record->{run}{id}], 'reported')->out, qr/Limit: memory\W+300 MiB, of (?:all|each)/, 'as the report says');
	($record) = $drills->run($drills->plan('usual'), [], 0, 'pass', 'limits that the plan does not name');
	is_deeply($record->{deviations}, [], 'are no deviation');
	is($record->{sandbox}{limits}[0]{asked}, 4 << 30, 'but are recorded');
	$drills->ok_nothing_left('limits');
};

my $kit = $site->path('kit');
$site->tool_ok(['kit', 'create', $kit, '--owner', $site->owner, '--unprotected'], 'a recovery kit');

# The shipped plan, as far as the database of this test has the tables of its checks.
sub kit_plan {
	return $drills->shipped('recovery-kit', 'service = erp-prod' => "service = $service", '\\[evidence\\]\\nformats = .*' => '',
		'\\z' => "[neutralize]\nmode = sql\n",
		map({ ("\\[check $_\\]\n(?:.+\n)+\n" => '') } qw(login-users user-access invoices-balanced sales-totals attachments)));
}

subtest 'a recovery kit and nothing else' => sub {
	my $plan = kit_plan();
	$site->tool_fails(['drill', 'run', $plan], 2, qr/needs the recovery kit: .* --kit FILE/, 'without the kit');
	my ($record) = $drills->run($plan, ['--kit', $kit], 0, 'pass', 'the kit');
	is($record->{plan}{kind}, 'kit', 'the record says what it had');
	is(Odr::Drill::check_of($record, 'recovery-kit', part => $_)->{status}, 'pass', "the kit: $_")
		for qw(opens newest-set catalog up-to-date complete);
	is(Odr::Drill::check_of($record, 'catalog', part => '')->{status} // 'none', 'none', 'no other catalog was asked');
	is(Odr::Drill::check_of($record, 'filestore')->{status}, 'pass', 'files are proven');
	like($record->{arrival}{reason}, qr/^the archive ends/, 'up to the end of what was archived');
	$drills->ok_nothing_left('the kit');
	my $bare = Odr::Tool::tool('--kit', $kit, 'drill', 'run', $plan, { env => { XDG_STATE_HOME => new_dir($site->path('bare')) } });
	is($bare->status, 0, 'on a host that has no configuration') or diag $bare->describe;
	like($bare->err, qr/not signed, and the drill does not count/, 'where nothing signs: that is said');
};

subtest 'a recovery kit that is none' => sub {
	my $plan = kit_plan();
	my $text = read_file($kit);
	my $moved = write_file($site->path('kit-moved'), $text =~ s{^path=.*}{path=/nowhere}mr, 0600);
	my ($record) = $drills->run($plan, ['--kit', $moved], 4, 'fail-check', 'a repository that is not there');
	like(Odr::Drill::check_of($record, 'recovery-kit', part => 'up-to-date')->{message}, qr{^out of date: \[repository main\] has path=},
		'says how it is out of date');
	is($record->{failure}{exit_status}, 10, 'and that nothing is there');
	my $broken = write_file($site->path('kit-broken'), $text =~ s/^identity=.*\n//mr, 0600);
	($record) = $drills->run($plan, ['--kit', $broken], 13, 'fail-restore', 'a kit without its identity');
	like($record->{failure}{message}, qr/^the recovery kit does not open: .*is damaged/, 'says so');
	is($record->{failure}{state}, 'opening', 'before anything is drawn');
	$site->tool_ok(['key', 'new', 'identity', $site->path('identity-later'), '--owner', $site->owner, '--unprotected'], 'another identity');
	my $later = $site->path('kit-later');
	$site->tool_ok(['kit', 'create', $later, '--owner', $site->owner, '--identity', $site->path('identity-later'), '--unprotected'],
		'a kit of an identity that no set is for');
	($record) = $drills->run($plan, ['--kit', $later], 12, 'fail-restore', 'recipients are others');
	like($record->{failure}{message}, qr/^the recovery kit is out of date/, 'says so');
	$drills->ok_nothing_left('kits that are none');
};

subtest 'without a server' => sub {
	my $plan = $drills->plan('verify', plan => { kind => 'verify' }, sandbox => undef, neutralize => undef);
	my ($record) = $drills->run($plan, [], 0, 'pass', 'verify');
	like(Odr::Drill::check_of($record, 'objects', part => 'object.good')->{message}, qr/^\d+ objects, .* were read back and are good/, 'all were read');
	is(Odr::Drill::check_of($record, 'source-damage')->{status}, 'pass', 'and the source had no damage');
	my ($pack) = glob $site->repository . '/*/pack/*/*/*';
	my $good = read_file($pack);
	my $bad = $good;
	substr($bad, length($bad) / 2, 1) ^= "\x01";
	chmod 0600, $pack;
	write_file($pack, $bad);
	($record) = $drills->run($plan, [], 13, 'fail-restore', 'a pack with one bit changed');
	like(Odr::Drill::check_of($record, 'objects', part => 'object.damaged')->{message}, qr/\Q@{[$pack =~ m{([0-9a-f]{64})$}]}\E/, 'which is named');
	write_file($pack, $good);
};

subtest 'what cannot be opened is told by a record' => sub {
	my $repository = $site->repository;
	rename $repository, "$repository.away" or die "cannot rename: $!\n";
	my ($record, $result) = $drills->run($drills->plan('away'), [], 10, 'error', 'no repository');
	like($result->err, qr/on this host alone/, 'which is where the evidence is');
	rename "$repository.away", $repository;
	($record) = $drills->run($drills->plan('closed'), ['--identity', $site->path('identity-later')], 12, 'fail-restore', 'the wrong identity');
	$drills->ok_nothing_left('what cannot be opened');
};

$drills->ok_evidence;
# The last one: from here on there is a capture of the configuration.
subtest 'secrets that are only named' => sub {
	my $file = write_file($site->path('named.conf'), "password = ref+vault://kv/odoo/password\nkey = op://vault/odoo/key\n", 0644);
	$site->write_conf("service $service" => { config => 'references' }, 'collect references' => { paths => $file });
	$site->tool_ok(['backup', $service, '--part', 'config'], 'the configuration is captured');
	$source->psql("INSERT INTO ledger VALUES (0, 'later')", 'shop');
	$source->archive_now;
	my ($record) = $drills->run($drills->plan('resolve'), [], 0, 'pass-with-warnings', 'nobody looked for them');
	my $result = Odr::Drill::check_of($record, 'secrets-elsewhere');
	is($result->{status}, 'not-assessed', 'which is no pass');
	like($result->{message}, qr/^2 secrets are named that are kept elsewhere, where the copy has no way to/, 'and says why');
	($record) = $drills->run($drills->plan('list', 'check named' => { type => 'config', references => 'list' }), [], 0, 'pass', 'where a list is enough');
	is(Odr::Drill::check_of($record, 'secrets-elsewhere')->{status}, 'pass', 'they are listed');
};

done_testing;
