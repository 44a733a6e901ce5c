#!/usr/bin/perl
# A drill goes from the draw to a signed record: what is right passes, and whatever goes wrong ends in its own outcome, with its own
# exit status, a signed record, and nothing left.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use POSIX ();
use Test::More;

use Odr::Disk;
use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Tool ();
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 }, evidence => 1);
my $root = new_dir($site->path('filestore'), 0755);
my $service = $site->service;
$site->{sections}{"service $service"} = { filestore => $root, config => 'none' };
$site->{sections}{'process invoicing'} = { service => $service, components => 'database', checks => 'attachments', rto => '1h' };
$site->{sections}{'process archive'} = { service => $service, components => 'database;filestore;integration', checks => 'nobody-has-it', rto => '1h' };
$site->create;
my $source = $site->cluster;
my $shop = Odr::Odoo->new(cluster => $source, database => 'shop', filestore => $root)->create;
my @first = map { $shop->upload("first $_", res_model => 'account.move', res_id => $_) } 1 .. 20;
$source->psql(q(CREATE TABLE customer (name text)), 'shop');
$source->psql(q(INSERT INTO customer VALUES ('Frieda Kugelblitz')), 'shop');
$site->backup('database and filestore');
my $second = $shop->upload('second');
$site->tool_ok(['mark', $service, 'before-the-upgrade'], 'a mark');
my $time = $source->psql(q(SELECT to_char(clock_timestamp() AT TIME ZONE 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US') || 'Z'));
$source->psql('SELECT txid_current()');
$shop->upload('third');
$site->tool_ok(['backup', $service, '--part', 'filestore'], 'the filestore again');
$source->archive_now;

my $drills = Odr::Drill->new(site => $site, usual => {
	select => { target => undef, margin => '0s' },
	'check attachments' => { type => 'sql', sql => 'weekly/attachments.sql', gate => 'true' },
	'control no-sizes' => { check => 'attachments', sql => 'weekly/damage.sql' },
	evidence => { key => 'evidence' },
});
my $sandbox = $drills->sandbox;
$drills->beside('weekly/attachments.sql', <<'SQL');
-- id: attachments  kind: assert  module: base  odoo: 14-18
-- needs: ir_attachment
SELECT count(*) FILTER (WHERE file_size IS NULL) AS bad, count(*) AS total, NULL AS detail FROM ir_attachment
SQL
$drills->beside('weekly/damage.sql', 'UPDATE ir_attachment SET file_size = NULL');
my $weekly = $drills->plan('weekly');

subtest 'a drawn moment' => sub {
	my ($record) = $drills->run($weekly, [], 0, 'pass', 'weekly');
	$drills->ok_nothing_left('weekly');
	my %draw = %{ $record->{draw} };
	ok(!$draw{operator_chosen}, 'nobody chose it');
	like($draw{drawn}, qr/^(?:time|lsn):/, 'the draw did');
	is(Odr::Drill::check_of($record, 'attachments')->{status}, 'pass', 'the check of the plan was carried out');
	is(Odr::Drill::check_of($record, 'filestore')->{status}, 'pass', 'and the proof of files');
	is($record->{measured}{filestore_gap_us}, 0, 'of which none lacks');
	is_deeply([map { $_->{status} } @{ $record->{controls} }], ['pass'], 'planted damage was found');
	is($record->{isolation}{verified}, JSON::PP::true(), 'its place was proven');
	my @probes = grep { $_->{where} eq 'server' } @{ $record->{isolation}{probes} };
	cmp_ok(scalar @probes, '>=', 2, 'from where the server ran');
	ok(!(grep { !$_->{errno} } @probes), 'nothing could be reached');
	isnt($record->{isolation}{namespaces}{server}, $record->{isolation}{namespaces}{host}, 'which is not the network of the host');
	like($record->{regime}, qr/^[0-9a-f]{12}$/, 'its regime');
	my $receipt = $site->path('state', 'evidence', $record->{run}{id}, 'receipt.json');
	my $written = read_file($receipt);
	for my $case (['verified', $written], ['wrong', $written =~ s/"objects"/ "objects"/r], ['not-verifiable', $written, "$receipt.sig"]) {
		my ($state, $content, $hidden) = @$case;
		write_file($receipt, $content);
		rename $hidden, "$hidden.away" or die "cannot rename: $!\n" if $hidden;
		my $quarter = $site->tool('report', 'quarterly', '--render', 'json')->json;
		is($quarter->{services}[0]{attempts}[0]{stored}[0]{receipt}, $state, "a report says that a receipt is $state");
		is($quarter->{audit_chain}{checkpoint_stored}[0]{receipt}, 'verified', 'that of the checkpoint is');
		rename "$hidden.away", $hidden or die "cannot rename: $!\n" if $hidden;
	}
	my %worst = %{ $record->{worst_case} };
	like($worst{label}, qr/^(?:measured|extrapolated)$/, 'the worst case is estimated');
	cmp_ok($worst{wal_bytes}, '>=', $worst{sample}{wal_bytes}, 'of the longest replay there could be');
	cmp_ok($worst{estimate_us}, '>=', $record->{measured}{rta_service_ready_us}, 'which takes no less than this one');
	my $sum = 0;
	$sum += $_->{us} for @{ $record->{critical_path} };
	is($sum, $record->{measured}{rta_wall_us}, 'the critical path adds up to the microsecond');
	my $folder = $site->path('state', 'evidence', $record->{run}{id});
	ok(-s "$folder/$_", "$_ is kept") for qw(record.json record.json.sig receipt.json population.tsv draw.json teardown.json);
	$site->tool_ok(['evidence', 'verify', $record->{run}{id}], 'the evidence verifies');
};

subtest 'moments that are chosen' => sub {
	my ($record) = $drills->run($weekly, ['--target', "time:$time"], 0, 'pass', 'time');
	ok($record->{draw}{operator_chosen}, 'it says who chose');
	like($record->{arrival}{reason}, qr/^recovery stopping before commit/, 'the server says why it stopped');
	is($record->{filestore}{named}, 21, 'the files of that moment');
	is($record->{filestore}{orphans}, $record->{filestore}{restored} - 21, 'and those of a later one are named by nothing yet');
	($record) = $drills->run($weekly, ['--target', 'latest'], 0, 'pass', 'latest');
	like($record->{arrival}{reason}, qr/^the archive ends: /, 'the end of the archive is proven');
	cmp_ok($record->{measured}{achieved_rpo_us}, '>', 0, 'what would be lost is measured');
	is($record->{filestore}{named}, 22, 'all files');
	is($record->{filestore}{orphans}, 0, 'and no other');
	($record) = $drills->run($weekly, ['--target', 'name:before-the-upgrade'], 0, 'pass', 'name');
	is($record->{filestore}{named}, 21, 'the files of that mark');
	$drills->ok_nothing_left('chosen');
};

subtest 'a drill of an incident' => sub {
	$site->tool_ok(['incident', 'open', $service, '--title', 'a table was dropped'], 'one is open');
	my ($listed) = @{ $site->tool('incident', 'list', '--json')->json->{incidents} };
	my $incident = $listed->{incident};
	my ($record) = $drills->run($weekly, ['--target', 'latest', '--incident', 'latest'], 0, 'pass', 'for it');
	is($record->{run}{incident}, $incident, 'its record says for which');
	my $shown = $site->tool('incident', 'show', '--json')->json;
	is(scalar @{ $shown->{restores} }, 0, 'it is no restore of the incident');
	my $report = $site->tool('report', 'incident', '--render', 'markdown')->out;
	like($report, qr/drill $record->{run}{id} of plan weekly $_/, "the timeline has that it $_") for 'began', 'ended: pass';
	like($site->tool('report', 'drill', $record->{run}{id})->out, qr/For incident: `?$incident/, 'so has the report of the drill');
	$site->tool_ok(['evidence', 'verify', $record->{run}{id}], 'the evidence verifies');
	$site->tool_ok(['incident', 'close'], 'it ends');
	$site->tool_fails(['drill', 'run', $weekly, '--incident', 'latest'], 6, qr/--incident: incident $incident was closed/, 'and takes no more');
	$drills->ok_nothing_left('an incident');
};

subtest 'what the business would notice' => sub {
	$source->psql('ALTER TABLE ir_attachment ADD write_date timestamp', 'shop');
	$source->psql("INSERT INTO ir_attachment (name, store_fname, file_size, write_date) VALUES ('lost', 'aa/' || repeat('a', 40), 3, "
		  . "clock_timestamp() AT TIME ZONE 'utc' - interval '2 hours')", 'shop');
	$source->psql('UPDATE ir_attachment SET file_size = NULL WHERE id = ' . $first[0], 'shop');
	$source->archive_now;
	my ($record) = $drills->run($weekly, ['--target', 'latest'], 4, 'fail-check', 'damage');
	like(Odr::Drill::check_of($record, 'filestore')->{message}, qr{1 of \d+ files are missing or damaged; aa/a{40} is missing},
		'the file is named');
	my $gap = $record->{measured}{filestore_gap_us} // 0;
	ok($gap >= 7_200_000_000 && $gap < 7_260_000_000, 'and how far back it lacks some') or diag $gap;
	is(Odr::Drill::check_of($record, 'attachments')->{status}, 'fail', 'so is the check');
	is($record->{also}[0], 'fail-check', 'and what it comes to');
	my ($last) = grep { $_->{command} eq 'drill' } @{ $site->tool('status', $site->service, '--json')->json->{last_runs} };
	is($last->{outcome}, 'failed', 'status says so, too');
	is($last->{message}, $record->{summary}, 'and why');
	$drills->ok_nothing_left('damage');
	$source->psql("DELETE FROM ir_attachment WHERE name = 'lost'", 'shop');
	$source->psql('UPDATE ir_attachment SET file_size = 7 WHERE id = ' . $first[0], 'shop');
	$source->archive_now;
	($record) = $drills->run($drills->plan('tight', objectives => { rto => '1ms' }), ['--target', 'latest'], 5, 'fail-objective', 'too slow');
	my ($rto) = grep { $_->{kind} eq 'rto' && $_->{scope} eq 'service' } @{ $record->{objectives} };
	is($rto->{state}, 'missed', 'the objective says so');
};

subtest 'when business processes are back' => sub {
	my ($record) = $drills->run($drills->plan('assumed', objectives => { 'assume-detect' => '1min' }), ['--target', 'latest'], 0, 'pass', 'with an assumption');
	my ($components, $processes) = @{ $record->{measured} }{qw(rta_component rta_process)};
	ok($components->{$_} > 0, "when the $_ was ready") for qw(database filestore integration);
	is($components->{config}, undef, 'what the service has not, was not');
	cmp_ok($processes->{invoicing}, '>=', $components->{database} + 60_000_000, 'a process is not back before what it rests on, with what is assumed');
	cmp_ok($processes->{archive}, '>=', $components->{filestore} + 60_000_000, 'whatever it rests on');
	my %objective = map { $_->{scope} => $_ } grep { $_->{kind} eq 'rto' } @{ $record->{objectives} };
	is_deeply([@{ $objective{'process invoicing'} }{qw(state objective_us measured_us)}], ['met', 3_600_000_000, $processes->{invoicing}], 'it has an objective of its own');
	$drills->beside('weekly/wrong.sql', "-- id: wrong  kind: assert  module: base  odoo: 14-18\n-- needs: ir_attachment\nSELECT count(*) AS bad, count(*) AS total, NULL AS detail FROM ir_attachment\n");
	($record) = $drills->run($drills->plan('wrong', 'check attachments' => { sql => 'weekly/wrong.sql' }, 'control no-sizes' => undef), ['--target', 'latest'],
		4, 'fail-check', 'with a gate that does not pass');
	is($record->{measured}{rta_process}{invoicing}, undef, 'a process whose gate did not pass is not back');
	($objective{failed}) = grep { $_->{scope} eq 'process invoicing' } @{ $record->{objectives} };
	is_deeply([@{ $objective{failed} }{qw(state reasons)}], ['not-proven', [q(its gate 'attachments' did not pass)]], 'which its objective tells');
	ok($record->{measured}{rta_process}{archive} > 0, 'others are');
};

subtest 'a set that is drawn, too' => sub {
	$site->backup('another set');
	$drills->beside('weekly/databases.sql', "SELECT count(*) AS n FROM pg_database\n");
	$site->tool_ok(['anchor', 'create', $service, 'behind-both', '--sql', $site->path('plans/weekly/databases.sql')], 'an anchor behind both');
	$source->archive_now;
	my $any = $drills->plan('any', select => { target => 'anchor:random', set => 'random' });
	my ($record) = $drills->run($any, [], 0, 'pass', 'any set');
	my %draw = %{ $record->{draw} };
	is($draw{set_among}, 2, 'two sets lead to the anchor');
	is($draw{nearest_set}, (sort $site->set_ids)[-1], 'one of them is the nearest');
	is($record->{source}{set}, $draw{set}, 'the one that was drawn was restored');
	my @drawn = grep { $_->{event} eq 'drill.drawn' && $_->{run} eq $record->{run}{id} } map { Odr::Tool::decode_json($_) } split /\n/, read_file($site->path('state', 'audit.log'));
	is($drawn[0]{data}{set}, $draw{set}, 'which the chain said before');
	($record) = $drills->run($any, ['--target', 'latest'], 0, 'pass-with-warnings', 'a moment that is chosen');
	like($record->{deviations}[0], qr/set=random .* goes with a moment that is drawn/, 'has no set drawn for it, and says so');
	$site->tool_fails(['drill', 'lint', $drills->plan('no', select => { target => 'latest', set => 'random' })], 2, qr/set=random is for a moment that is drawn/, 'nor may a plan say so');
};

subtest 'an auditor draws again' => sub {
	my $nonce = write_file($site->path('nonce'), "heads, tails\n", 0600);
	my ($record) = $drills->run($drills->plan('nonce', select => { 'nonce-file' => $nonce }, 'check filestore' => { type => 'filestore', 'allow-missing' => 1 },
			'check attachments' => undef, 'control no-sizes' => undef), [], 0, 'pass', 'with a nonce of theirs, wherever it leads');
	is($record->{draw}{nonce}, 'heads, tails', 'which is told');
	my $exported = $site->path('exported');
	$site->tool_ok(['evidence', 'export', '--output', $exported], 'with what was exported');
	my $again = run_program(['python3', source_path('contrib/verify-draw'), $exported], timeout => 60);
	is($again->status, 0, 'and by a script of its own') or diag $again->out, $again->err;
	like($again->out, qr/^([2-9]) draws made again: \1 the same, 0 not$/m, 'comes to the same point');
	my $stored = $site->tool_ok(['evidence', 'verify', '--stored', '--json'], 'and against the sets that are there');
	my @notes = map { JSON::PP->new->encode($_) } @{ Odr::Tool::decode_json((split /\n/, $stored->out)[0])->{notes} };
	is_deeply([grep { !/drawn with the nonce 'heads, tails'/ } @notes], [], 'all of them, as they were held');
};

subtest 'what cannot be' => sub {
	my ($record, $result) = $drills->run($weekly, ['--target', 'time:2199-01-01T00:00:00Z'], 7, 'fail-restore', 'a moment to come');
	is($record->{failure}{state}, 'preflight', 'is found before anything is fetched');
	$site->tool_fails(['drill', 'run', $weekly, '--target', 'tomorrow'], 2, qr/tomorrow/, 'no moment at all is a mistake of the command line');
	my $margin = $drills->plan('margin', select => { margin => '10h', window => '21h' });
	($record) = $drills->run($margin, [], 7, 'error', 'nothing to draw from');
	like($record->{failure}{message}, qr/of the last 21 h can be drawn: .* margin of 10 h/, 'says what bounds the draw');
	my $shown = $site->tool('drill', 'show', $record->{run}{id})->out;
	like($shown, qr/^Moment +random$/m, 'is shown');
	unlike($shown, qr/^(?:From|Reached|Check)\b/m, 'without what there is not');
	($record) = $drills->run($drills->plan('much', select => { 'max-wal' => '1MiB' }), ['--target', 'latest'], 8, 'skipped', 'too much to replay');
	my $marker = "$sandbox/.odrbackup-drill";
	rename $marker, "$marker.away";
	($record) = $drills->run($weekly, ['--repository', 'main'], 6, 'refused', 'no marker');
	ok($record->{draw}{operator_chosen}, 'a repository that is named is the operator\'s choice');
	like($record->{failure}{message}, qr/is no place for drills/, 'says what is missing');
	rename "$marker.away", $marker;
	($record) = $drills->run($drills->plan('reached', isolation => { probe => '127.0.0.1:1' }), [], 6, 'refused', 'a probe that answers');
	like($record->{failure}{message}, qr/out of reach/, 'is no isolation');
	is($record->{failure}{state}, 'isolated', 'which is seen before anything is brought back');
	my $small = new_dir($site->path('small'), 0700);
	if (disk_mount($small, 16)) {
		write_file("$small/.odrbackup-drill", '');
		($record) = $drills->run($drills->plan('small', sandbox => { directory => $small }), [], 14, 'error', 'no room');
	}
	$drills->ok_nothing_left('what cannot be');
};

# What happens to the server, or to us, while it goes on: a process that waits for it.
sub meanwhile {
	my ($what, $act) = @_;
	my $pid = fork // die "cannot fork: $!\n";
	if (!$pid) {
		my $file;
		poll_until("a sandbox to $what", sub { ($file) = glob "$sandbox/sandbox-*/data/postmaster.pid"; return $file && -s $file }, 60);
		$act->($file, (split /\n/, read_file($file))[0]);
		POSIX::_exit(0);
	}
	return $pid;
}

# It was done. Where the drill has ended before, it is waited for no longer.
sub was_met {
	my ($pid) = @_;
	kill 'KILL', $pid;
	waitpid $pid, 0;
	return $? == 0;
}

subtest 'trouble on the way' => sub {
	my $killer = meanwhile('kill', sub { kill 'KILL', $_[1] });
	my ($record) = $drills->run($weekly, [], 4, 'fail-restore', 'a killed server');
	ok(was_met($killer), 'it was killed');
	$drills->ok_nothing_left('a killed server');
	# The whole drill has that much time: on a machine that is slow it is over before there is a server.
	my $limit = 4;
	while (1) {
		my $stopper = meanwhile('stop', sub { kill 'STOP', $_[1] });
		($record) = $drills->run($drills->plan('limit', sandbox => { 'time-limit' => "${limit}s" }), [], 4, 'fail-restore', 'a server that hangs');
		like($record->{failure}{message}, qr/not done within $limit s/, 'ends when its time is over');
		last if was_met($stopper) || $limit > 100;
		$limit *= 3;
	}
	$drills->ok_nothing_left('a server that hangs');
	my $holder = meanwhile('hold', sub {
			my $folder = $_[0] =~ s{/[^/]+$}{}r . '/held';
			mkdir $folder and mkdir "$folder/by-root" or die "cannot hold: $!\n";
			chown 0, 0, $folder;
			chmod 0755, $folder;
		});
	my $result = $site->tool('drill', 'run', $weekly);
	ok(was_met($holder), 'something is held');
	like($result->err, qr/not everything is removed/, 'a teardown that fails is told');
	my ($left) = glob "$sandbox/sandbox-*";
	my ($run) = $result->out =~ /run (\S+)/;
	like(read_file($site->path('state', 'evidence', $run, 'teardown.json')), qr/"left": \[\s*"\Q$left\E"/, 'and attested');
	run_program(['rm', '-rf', $left]) if $left;
	File::Path::remove_tree($left);
	my $aborted = $site->tool_start('drill', 'run', $weekly, '--json');
	poll_until('a drill under way', sub { glob "$sandbox/sandbox-*/data" }, 60);
	$aborted->signal('TERM');
	$aborted->wait;
	is($aborted->status, 143, 'a signal ends it');
	like($aborted->out, qr/"outcome": ?"aborted"/, 'as aborted, with a record');
	$drills->ok_nothing_left('a signal');
};

# What a check finds in the business, and may not be told: neither by its verdict, nor by what a server says of it.
subtest 'values that must not appear' => sub {
	my $name = 'Frieda Kugelblitz';
	my $header = "  kind: metric  module: base  odoo: 14-18\n-- needs: customer\n";
	$drills->beside('weekly/name.sql', "-- id: name$header" . 'SELECT name FROM customer');
	$drills->beside('weekly/number.sql', "-- id: number$header" . 'SELECT name::int FROM customer');
	my %checks = ('check name' => { type => 'sql', sql => 'weekly/name.sql', expect => 'eq nobody' },
		'check number' => { type => 'sql', sql => 'weekly/number.sql', expect => 'eq 7' });
	my $run;
	for my $redact (qw(hash drop)) {
		my ($record, $result) = $drills->run($drills->plan("secret-$redact", evidence => { redact => $redact }, %checks), ['--target', 'latest'], 4, 'fail-check', $redact);
		$run = $record->{run}{id};
		my $check = Odr::Drill::check_of($record, 'name');
		is($check->{status}, 'fail', "$redact: it was looked at");
		is($check->{value}, $redact eq 'drop' ? undef : 'sha256:' . sha256_hex("$run\n$name"), "$redact: what becomes of it");
		like(Odr::Drill::check_of($record, 'number')->{message}, qr/^it could not run/, "$redact: what a server says of it is not told");
		unlike($result->out . $result->err, qr/Kugelblitz/, "$redact: it is not on the screen");
		for my $form (qw(html markdown junit csv json)) {
			my $report = $site->path("secret.$form");
			$site->tool_ok(['report', 'drill', $run, '--render', $form, '--output', $report], "$redact: $form");
			unlike(read_file($report), qr/Kugelblitz/, "$redact: nor in the report as $form");
		}
	}
	is(run_program(['grep', '-rlF', 'Kugelblitz', $site->path('state'), $site->path('repository')])->out, '', 'nor anywhere in state and repository');
};

subtest 'a drill that dies' => sub {
	my $died = $site->tool_start('drill', 'run', $weekly);
	poll_until('a drill under way', sub { glob "$sandbox/sandbox-*/data/postmaster.pid" }, 60);
	$died->signal('KILL');
	$died->wait;
	my ($record, $result) = $drills->run($weekly, ['--target', 'latest'], 0, 'pass', 'the next one');
	like($result->err, qr/did not end: it is recorded as abandoned/, 'says so');
	$drills->ok_nothing_left('the next one');
	like(read_file($site->path('state', 'audit.log')), qr/drill\.abandoned/, 'so does the chain');
	$site->tool_ok(['audit', 'verify'], 'which holds');
};

subtest 'files that cannot be brought back' => sub {
	my @before = glob $site->repository . '/*/pack/*/*';
	$shop->upload('one that is not like the others');
	$site->tool_ok(['backup', $service, '--part', 'filestore'], 'the filestore once more');
	$source->archive_now;
	my %known = map { $_ => 1 } @before;
	my @packs = grep { !$known{$_} } glob $site->repository . '/*/pack/*/*';
	rename $_, "$_.away" for @packs;
	my ($record) = $drills->run($weekly, ['--target', 'latest'], 7, 'fail-restore', 'a pack that is gone');
	like($record->{failure}{message}, qr/^the filestore: /, 'is told');
	is($record->{measured}{rta_component}{filestore}, undef, 'and they were never ready');
	my ($objective) = grep { $_->{scope} eq 'filestore' } @{ $record->{objectives} };
	is($objective->{measured_us}, undef, 'nor in time');
	rename "$_.away", $_ for @packs;
	$drills->ok_nothing_left('without files');
};

subtest 'databases that are not Odoo\'s' => sub {
	$source->psql(qq(CREATE DATABASE "$_")) for qw(templates frozen);
	$source->psql('CREATE TABLE thing (id int); INSERT INTO thing VALUES (1)', 'templates');
	$source->psql('ALTER DATABASE frozen ALLOW_CONNECTIONS false');
	$source->archive_now;
	$drills->beside('weekly/things.sql', "-- id: things  kind: assert\n-- needs: thing\nSELECT count(*) FILTER (WHERE id = 0) AS bad, count(*) AS total, NULL AS detail FROM thing");
	$drills->beside('weekly/nothing.sql', 'UPDATE thing SET id = 0');
	$drills->beside('weekly/in-vain.sql', 'SELECT 1');
	my %things = ('check things' => { type => 'sql', sql => 'weekly/things.sql', database => 'templates' });
	my ($record) = $drills->run($drills->plan('others', %things, 'control zero' => { check => 'things', sql => 'weekly/nothing.sql' }),
		['--target', 'latest'], 0, 'pass-with-warnings', 'three');
	is_deeply([sort map { $_->{name} } @{ $record->{databases} }], [qw(postgres shop templates)], 'whatever their names begin with');
	like("@{ $record->{deviations} }", qr/database 'frozen' takes no connections/, 'what cannot be looked at is told');
	my ($control) = grep { $_->{name} eq 'zero' } @{ $record->{controls} };
	is_deeply([@{$control}{qw(database status)}], ['templates', 'pass'], 'damage is planted in these, too');
	($record) = $drills->run($drills->plan('vain', %things, 'control vain' => { check => 'things', sql => 'weekly/in-vain.sql' }),
		['--target', 'latest'], 4, 'fail-check', 'damage that is not found');
	($control) = grep { $_->{name} eq 'vain' } @{ $record->{controls} };
	is($control->{status}, 'fail', 'is told as that');
	like($record->{summary}, qr/; damage that was planted was not found$/, 'in short, too');
	$source->psql(qq(DROP DATABASE "$_")) for qw(templates frozen);
	$source->archive_now;
};

subtest 'what was archived is gone' => sub {
	for my $n (1 .. 3) {
		$source->psql("INSERT INTO ir_cron (active) VALUES (false)", 'shop');
		$source->archive_now;
	}
	my $now = $source->psql(q(SELECT to_char(clock_timestamp() AT TIME ZONE 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US') || 'Z'));
	$source->psql('SELECT txid_current()');
	$source->archive_now;
	my @segments = sort grep { m{/[0-9A-F]{24}-} } glob $site->repository . '/*/wal/*/*';
	rename $segments[-3], work_path('gone') or die "cannot rename: $!\n";
	my ($record) = $drills->run($weekly, ['--target', "time:$now"], 7, 'fail-restore', 'a gap');
	my ($name) = $segments[-3] =~ m{/([0-9A-F]{24})-};
	like($record->{failure}{message}, qr/$name/, 'names the segment');
	rename work_path('gone'), $segments[-3];
};

subtest 'what others make of it' => sub {
	my $verified = run_program([source_path('contrib/verify-evidence'), $site->path('state'), $site->path('evidence.pem')], timeout => 600);
	is($verified->status, 0, 'the evidence of all these drills holds for openssl and jq, too') or diag join "\n", grep { !/^warning/ } split /\n/, $verified->out . $verified->err;
	my @published = map { $_->{data}{set} } grep { $_->{event} eq 'set.published' } @{ $site->tool_ok(['audit', 'log', '--json'], 'the chain')->json->{lines} };
	is_deeply([sort @published], [sort $site->set_ids], 'which has every set that was published');
	my $due = $site->tool_ok(['drill', 'due', $weekly, '--json'], 'what is due')->json->{plans}[0];
	is($due->{state}, 'done', 'this slot has its drill');
	my $idle = $site->tool('drill', 'run', $weekly, '--if-due');
	is($idle->status, 8, 'so a timer does nothing');
	like($idle->err, qr/weekly is not due: it has its drill of \d{4}-W\d\d/, 'and says why');
	my $html = $site->path('report.html');
	$site->tool_ok(['report', 'drill', 'latest', '--render', 'html', '--output', $html], 'a report for people');
	like(read_file($html), qr/weekly/, 'of that drill');
	my $junit = run_program(['sh', '-c', 'ODRBACKUP="$1 -c $2" exec "$3" "$4" "$5"', '-', Odr::Tool::tool_path(), $site->conf,
			source_path('contrib/ci/restore-test'), $drills->plan('ci', select => { target => 'latest' }), $site->path('junit.xml')]);
	is($junit->status, 0, 'a pipeline passes') or diag $junit->out . $junit->err;
	is(run_program(['xmllint', '--noout', $site->path('junit.xml')])->status, 0, 'with results that are XML');
};

$drills->ok_nothing_left('all');
subtest 'the configuration since it was drilled' => sub {
	my $captured = new_dir($site->path('captured'), 0700);
	write_file("$captured/$_", "$_\n") for qw(one two three);
	$site->write_conf("service $service" => { config => 'site' }, 'collect site' => { type => 'files', paths => $captured });
	my $drift = sub { return $site->json('status')->{config_drift} };
	is($drift->()->{items}, undef, 'before anything was captured it is not known');
	my $capture = sub {
		$site->tool_ok(['backup', $service, '--part', 'config'], 'a capture');
		$source->psql('SELECT txid_current()', 'shop');
		$source->archive_now;
		return $drift->();
	};
	is($capture->()->{items}, undef, 'nor before it was drilled');
	my ($record) = $drills->run($weekly, ['--target', 'latest'], 0, 'pass', 'with the configuration');
	is_deeply([@{ $drift->() }{qw(items run)}], [0, $record->{run}{id}], 'what was drilled is the newest');
	is($capture->()->{items}, 0, 'a capture that is the same changes nothing');
	write_file("$captured/one", "altered\n");
	unlink "$captured/two";
	write_file("$captured/four", "four\n");
	chmod 0600, "$captured/three";
	my $changed = $capture->();
	is($changed->{items}, 4, 'each is counted: content, gone, new, mode');
	is_deeply([map { s{.*/}{}r } @{ $changed->{paths} }], [qw(four one three two)], 'and named');
	is($capture->()->{items}, 4, 'however many captures there were since');
	like($site->tool('status', $service)->out, qr/^ *configuration +4 items changed since the last drill, /m, 'status says so');
	like($site->tool('metrics')->out, qr/^odrbackup_config_drift\{service="\Q$service\E"\} 4$/m, 'so do metrics');
	like($site->tool('report', 'quarterly')->out, qr{4 items changed from set $changed->{drilled}, which drill $record->{run}{id} restored and passed .*/four, .*/two\.$}m,
		'and the report of the quarter');
	$drills->run($weekly, ['--target', 'latest'], 0, 'pass', 'again');
	is($drift->()->{items}, 0, 'the next drill that passes restored all of it');
};

done_testing;
