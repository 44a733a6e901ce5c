#!/usr/bin/perl
# Evidence is verified by odrbackup, by a script that shares no code with it, and by stock programs; whatever was altered,
# removed or put in, the first two find the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path ();
use JSON::PP ();
use Test::More;

use Odr::Tool;
use Odr::Work;

my $maker = "$ENV{ODR_BUILD}/tests/drill/make_evidence";
my $verifier = source_path('contrib/verify-evidence');
my $runs = 4; # each with another method of draw
my $site = new_dir(work_path('site'));
my $state = "$site/state";
my ($key, $key_file) = ("$site/evidence.pem", "$site/evidence");

sub program_ok {
	my ($command, $name) = @_;
	my $result = run_program($command, timeout => 120);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($result->status == 0, $name // "@$command") or diag $result->out, $result->err;
	return $result;
}

# ---- a site with evidence --------------------------------------------------------------------------

sub site_ok { return tool_ok(['-c', "$site/odrbackup.conf", @_], "@_") }

sub make_site {
	tool_ok([qw(key new owner), "$site/owner", qw(--service erp --unprotected)], 'an owner key');
	tool_ok([qw(key new identity), "$site/identity", '--owner', "$site/owner", '--unprotected'], 'an identity');
	tool_ok([qw(key endorse), "$site/writer", '--owner', "$site/owner", qw(--role writer --recipient), "$site/identity.pub"], 'a bundle');
	tool_ok([qw(key new evidence), $key_file, '--owner', "$site/owner", '--unprotected'], 'an evidence key');
	write_file("$site/odrbackup.conf", <<"CONF");
[odrbackup]
state=$state
spool=$site/spool
[repository main]
path=$site/repository
[service erp]
repositories=main
postgres=none
config=none
writer-bundle=$site/writer
evidence-key=$key_file
CONF
	site_ok('init', '--single-recipient');
	site_ok('audit', 'checkpoint') for 1 .. 3;
	program_ok([$maker, 'runs', $state, $key_file, "$site/repository", 0, $runs], "$runs runs");
}

# ---- both verifiers --------------------------------------------------------------------------------

my $copies = 0;
sub copy_of {
	my $copy = work_path('copy-' . ++$copies);
	program_ok(['cp', '-a', work_path('exported'), $copy], 'a copy') if $copies == 1;
	run_program(['cp', '-a', work_path('exported'), $copy])->status == 0 or die "cannot copy\n" if $copies != 1;
	return $copy;
}

sub codes_of_tool {
	my ($folder, $key) = @_;
	my $result = tool('evidence', 'verify', '--from', $folder, '--key', $key, '--json');
	my $document = decode_json((split /\n/, $result->out)[0]);
	my %codes = map { join(' ', $_->{severity}, $_->{run} // 'audit.log', $_->{code}) => 1 } @{ $document->{findings} };
	return ($result->status, sort keys %codes);
}

sub start_script {
	my ($folder, $key) = @_;
	return start_program(['bash', '--posix', $verifier, $folder, $key]);
}

sub codes_of_script {
	my ($script) = @_;
	my $result = $script->wait(120);
	diag $result->err if $result->err;
	return ($result->status, grep { /^(?:error|warning) / } split /\n/, $result->out);
}

# What every run has on a store that locks nothing.
sub is_ordinary { return $_[0] =~ / unlocked$/ }

# change: a sub with a copy; expected: codes without ordinary warnings, as "error SUBJECT CODE" with #N for the N-th run;
# an undefined one: only that both agree. The script takes its time: it runs while the next case is prepared.
my @begun;
sub both_find {
	my ($name, $change, $expected, $key_used) = @_;
	my $copy = copy_of();
	$change->($copy);
	push @begun, { name => $name, copy => $copy, expected => $expected, key => $key_used // $key, script => start_script($copy, $key_used // $key) };
	finish_case(shift @begun) if @begun > 1;
}

sub finish_cases { finish_case(shift @begun) while @begun }

sub finish_case {
	my ($case) = @_;
	subtest $case->{name} => sub {
		my ($status, @codes) = codes_of_tool($case->{copy}, $case->{key});
		my ($script_status, @script_codes) = codes_of_script($case->{script});
		my @due = sort map { s/#(\d+)/run_id($1)/er } grep { defined } @{ $case->{expected} };

		is_deeply(\@script_codes, \@codes, 'both find the same') or diag explain [\@codes, \@script_codes];
		is_deeply([grep { !is_ordinary($_) } @codes], \@due, 'what was done') unless grep { !defined } @{ $case->{expected} };
		my $due_status = (grep { /^error/ } @codes) ? 13 : 0;
		is($status, $due_status, "odrbackup exits with $due_status");
		is($script_status, $due_status, 'and the script, too');
		File::Path::remove_tree($case->{copy});
	};
}

sub run_id { return sprintf '20261122T10%02d00Z-%08x', $_[0], $_[0] }
sub run_file { return join '/', $_[0], 'evidence', run_id($_[1]), $_[2] }

sub edit {
	my ($path, $code) = @_;
	local $_ = read_file($path);
	$code->();
	write_file($path, $_);
}

sub edit_json {
	my ($path, $code) = @_;
	my $json = JSON::PP->new->utf8->canonical;
	my $document = $json->decode(read_file($path));
	$code->($document);
	write_file($path, $json->encode($document) . "\n");
}

sub sign { run_program([$maker, 'sign', $key_file, $_[0]])->status == 0 or die "cannot sign $_[0]\n" }

# The N-th, from 1: each signs the line that the one before it appended.
sub checkpoint_id {
	my ($folder, $number) = @_;
	for my $path (grep { !/receipt/ } glob "$folder/audit/*.json") {
		return $path =~ s{.*/([^/]+)\.json$}{$1}r if decode_json(read_file($path))->{seq} == $number;
	}
	die "there is no checkpoint $number\n";
}

# ---- the tests -------------------------------------------------------------------------------------

make_site();
site_ok('evidence', 'export', '--output', work_path('exported'));

subtest 'shown' => sub {
	my $list = decode_json(site_ok('evidence', 'list', '--json')->out)->{runs};
	is(scalar @$list, $runs, 'every run');
	is($list->[0]{outcome}, 'pass', 'its outcome');
	ok($list->[0]{signed} && $list->[0]{stored}, 'signed and stored');
	my @events = map { $_->{event} } @{ decode_json(site_ok('audit', 'log', '--run', run_id(0), '--json')->out)->{lines} };
	is_deeply(\@events, [map { "drill.$_" } qw(scheduled drawn judged signed stored closed)], 'and what happened');
	is(scalar(split /\n/, site_ok('audit', 'log', '--last', 3)->out), 3, 'the last lines');
	my $proof = site_ok('audit', 'verify', '--strict')->out;
	like($proof, qr/^  signed: up to line 3, checkpoint \S+ by key [0-9a-f]{64},\n    stored 20\S+Z, not locked there$/m, 'what the checkpoint proves');
	my ($noted) = $proof =~ /^  noted in the catalog: up to line (\d+);/m;
	is($noted, decode_json(site_ok('audit', 'verify', '--json')->out)->{lines}, 'and the catalog, which saw every line');
	my %methods = map { @{ decode_json(read_file(run_file($state, $_, 'record.json')))->{draw} }{qw(method effective)} } 0 .. $runs - 1;
	# The seed is of the checkpoint, another one each time: where it leads to a stratum without WAL, it is drawn by time.
	$methods{wal} = 'wal' if $methods{wal} eq 'time';
	my %among = map { $_ => decode_json(read_file(run_file($state, $_, 'record.json')))->{draw}{set_among} } 0 .. $runs - 1;
	is_deeply(\%among, { 0 => undef, 1 => 2, 2 => undef, 3 => 2 }, 'and the set, where the plan says so');
	is_deeply(\%methods, { map { $_ => $_ } qw(edge time wal worst) }, 'every method was drawn');
};

subtest 'stock programs verify it' => sub {
	my ($record, $out) = (run_file($state, 0, 'record.json'), work_path('s'));
	program_ok(['signify-openbsd', '-V', '-p', "$key_file.pub", '-x', "$record.sig", '-m', $record], 'signify');
	program_ok(['sh', '-c', 'sed -n 2p "$0.sig" | base64 -d | tail -c 64 >"$2"; openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$0" -sigfile "$2"',
		$record, $key, $out], 'openssl');
	my $name = program_ok(['sh', '-c', 'openssl pkey -pubin -in "$0" -outform DER | openssl dgst -sha256 -r', $key], 'openssl names the key')->out;
	like(read_file("$key_file.pub"), qr/evidence key \Q@{[ substr $name, 0, 64 ]}\E$/m, 'as odrbackup does');
};

subtest 'against the repository' => sub {
	my $run = run_id(2);
	site_ok('evidence', 'verify', '--stored');
	my ($object) = glob "$site/repository/*/evidence/$run/record.json";
	my $before = read_file($object);
	chmod 0600, $object;
	write_file($object, "{}\n");
	tool_fails(['-c', "$site/odrbackup.conf", 'evidence', 'verify', $run, '--stored'], 13, qr/the evidence does not hold: 1 error$/m, 'another object');
	unlink $object;
	my $result = tool('-c', "$site/odrbackup.conf", 'evidence', 'verify', $run, '--stored');
	like($result->out, qr/^error  \Q$run\E  object-missing  /m, 'none');
	write_file($object, $before);
	tool_fails(['-c', "$site/odrbackup.conf", 'evidence', 'verify', '20200101T000000Z-00000000'], 7,
		qr/nothing is known of run '20200101T000000Z-00000000'/, 'a run that never was');
};

# What was drawn from is not the drill's word alone, as long as the sets are there.
subtest 'what the repository held' => sub {
	my $stored = sub {
		my $document = decode_json((split /\n/, tool('-c', "$site/odrbackup.conf", 'evidence', 'verify', '--stored', '--json')->out)[0]);
		return ([map { $_->{message} } @{ $document->{notes} }], [grep { $_->{code} eq 'draw-population' } @{ $document->{findings} }]);
	};
	my $set = sub {
		my ($id, $time) = @_;
		program_ok([$maker, 'set', "$site/writer", "$site/repository", $id], "a set $id");
		my ($path) = glob "$site/repository/*/set/$id*";
		utime $time, $time, $path or die "cannot date $path\n";
		return $path;
	};
	my ($notes, $found) = $stored->();
	is_deeply($found, [], 'sets that are gone are no error');
	like($notes->[0], qr/^gone from repository main since it was drawn: 20261016T230501Z-01d5e7a1, 20261106T230501Z-5e7a11ce; that the draw had them right only holdings\.json tells$/, 'and are told');
	my $other = $set->('20261106T230501Z-5e7a11ce', 1794009600);
	($notes, $found) = $stored->();
	is(scalar @$found, $runs, 'of another content');
	like($found->[0]{message}, qr/^set 20261106T230501Z-5e7a11ce of repository main is not what holdings\.json says it was$/, 'which is named');
	unlink $other;
	my $late = $set->('20261107T120000Z-0000beef', 1794960000);
	is_deeply(($stored->())[1], [], 'what was stored after the draw is none of its');
	utime 1794052800, 1794052800, $late;
	($notes, $found) = $stored->();
	is(scalar @$found, $runs, 'what was there before it');
	like($found->[0]{message}, qr/^set 20261107T120000Z-0000beef of repository main was stored 2026-11-07T12:00:00Z, before the draw, and is left out of holdings\.json$/, 'was left out');
	unlink $late;
};

subtest 'a chain that was cut off, by itself' => sub {
	my $copy = work_path('cut');
	run_program(['cp', '-a', work_path('exported'), $copy]);
	edit("$copy/audit.log", sub { s/[^\n]*\n\z// });
	my $result = tool('audit', 'verify', '--from', $copy);
	is($result->status, 13, 'is found by what the catalog saw');
	like($result->err, qr/the audit chain '\Q$copy\E\/audit\.log' does not hold/, 'and said');
	like($result->out, qr/^error  audit\.log  chain-truncated  the catalog knows of line \d+ \(drill\.closed of run \Q@{[ run_id(3) ]}\E\), the chain ends at \d+$/m, 'which says what was cut');
	like($result->out, qr/^  checkpoints were not looked at: give --key FILE/m, 'without a key checkpoints prove nothing');
};

both_find('what is good', sub { }, []);
both_find('a record that was altered', sub {
	edit(run_file($_[0], 1, 'record.json'), sub { s/"pass"/"fail"/ });
}, ['error #1 record-signature', 'error #1 receipt-differs']);
both_find('a record that was altered and signed again', sub {
	my $record = run_file($_[0], $runs - 1, 'record.json');
	edit_json($record, sub { $_[0]{checks}[0]{status} = 'fail' });
	sign($record);
}, ['error #3 record-differs', 'error #3 outcome-differs', 'error #3 receipt-differs']);
both_find('an outcome that only the chain contradicts', sub {
	my $record = run_file($_[0], $runs - 1, 'record.json');
	edit_json($record, sub {
		$_[0]{checks}[0]{status} = 'fail';
		$_[0]{outcome} = 'fail-check';
		$_[0]{also} = ['fail-check'];
	});
	sign($record);
}, ['error #3 record-differs', 'error #3 outcome-differs', 'error #3 receipt-differs']);
both_find('a record that is none', sub {
	my $record = run_file($_[0], $runs - 1, 'record.json');
	edit_json($record, sub { delete $_[0]{deviations} });
	sign($record);
}, ['error #3 record-differs', 'error #3 record-invalid', 'error #3 receipt-differs']);
both_find('a record of a newer format', sub {
	my $record = run_file($_[0], $runs - 1, 'record.json');
	edit_json($record, sub { $_[0]{format} = '2.0' });
	sign($record);
}, ['error #3 record-differs', 'error #3 record-invalid', 'error #3 receipt-differs']);
both_find('a run that was removed', sub { File::Path::remove_tree("$_[0]/evidence/" . run_id(1)) },
	['error #1 record-missing']);
both_find('a record without a signature', sub { unlink run_file($_[0], 1, 'record.json.sig') },
	['error #1 record-unsigned', 'error #1 receipt-differs']);
both_find('a run that was put in', sub {
	my $copy = $_[0];
	run_program(['cp', '-a', "$copy/evidence/" . run_id(3), "$copy/evidence/20261122T110000Z-0000000b"]);
}, ['error 20261122T110000Z-0000000b record-unchained', 'error 20261122T110000Z-0000000b record-invalid',
	'error 20261122T110000Z-0000000b receipt-differs', 'error 20261122T110000Z-0000000b teardown-differs']);
both_find('another point than was drawn, signed again', sub {
	my $record = run_file($_[0], $runs - 1, 'record.json');
	edit_json($record, sub { $_[0]{draw}{drawn} = 'time:2026-11-08T23:00:00Z' });
	sign($record);
}, ['error #3 record-differs', 'error #3 draw-differs', 'error #3 receipt-differs']);
both_find('another set than was drawn, signed again', sub {
	my $record = run_file($_[0], $runs - 1, 'record.json');
	edit_json($record, sub { $_[0]{draw}{set} = $_[0]{draw}{nearest_set} eq $_[0]{draw}{set} ? '20261016T230501Z-01d5e7a1' : $_[0]{draw}{nearest_set} });
	sign($record);
}, ['error #3 record-differs', 'error #3 draw-differs', 'error #3 receipt-differs']);
both_find('sets that were left out of the draw', sub {
	edit_json(run_file($_[0], $runs - 1, 'draw.json'), sub { delete $_[0]{sets} });
}, ['error #3 draw-differs', 'error #3 file-differs', 'error #3 plan-differs', 'error #3 receipt-differs']);
both_find('another population', sub {
	edit(run_file($_[0], 2, 'population.tsv'), sub { s/\A[^\n]*\n// });
}, [undef]);
both_find('no inputs of a draw', sub { unlink run_file($_[0], 2, 'draw.json') },
	['error #2 file-missing', 'error #2 draw-differs', 'error #2 receipt-differs']);
both_find('another plan', sub {
	edit(run_file($_[0], 2, 'drill.plan'), sub { s/worst 30/worst 31/ });
}, ['error #2 plan-differs', 'error #2 receipt-differs']);
both_find('no plan', sub { unlink run_file($_[0], 2, 'drill.plan') }, ['error #2 file-missing', 'error #2 receipt-differs']);
both_find('a checkpoint that was removed', sub {
	my $id = checkpoint_id($_[0], 3);
	unlink glob "$_[0]/audit/$id.*";
}, ['error ' . checkpoint_id(work_path('exported'), 3) . ' checkpoint-missing', map { "error #$_ draw-checkpoint" } 0 .. $runs - 1]);
both_find('a checkpoint that was altered', sub {
	my $id = checkpoint_id($_[0], 1);
	edit("$_[0]/audit/$id.json", sub { s/"seq": \d+/"seq": 3/ });
}, [undef]);
both_find('a checkpoint of another line, signed again', sub {
	my $path = "$_[0]/audit/" . checkpoint_id($_[0], 1) . '.json';
	edit($path, sub { s/"seq": \d+/"seq": 3/ });
	sign($path);
}, [undef]);
both_find('a line of the chain that was altered', sub {
	edit("$_[0]/audit.log", sub { s/"outcome":"pass"/"outcome":"fine"/ });
}, [undef]);
both_find('a line that was removed', sub { edit("$_[0]/audit.log", sub { s/^[^\n]*drill\.stored[^\n]*\n//m }) }, [undef]);
both_find('a chain that was cut off', sub {
	edit("$_[0]/audit.log", sub { my @lines = split /^/; $_ = join '', @lines[0, 1] });
}, [undef]);
both_find('a chain of which the end was cut off', sub {
	edit("$_[0]/audit.log", sub { s/[^\n]*\n\z// });
}, ['error audit.log chain-truncated', 'warning #3 run-open']);
both_find('a chain that was cut off with its mirror', sub {
	edit("$_[0]/$_", sub { s/[^\n]*\n\z// }) for qw(audit.log audit-mirror.tsv);
}, ['warning #3 run-open']);
both_find('a chain that was written anew behind its last checkpoint', sub {
	edit("$_[0]/audit.log", sub { s/[^\n]*\n\z// });
	run_program([$maker, 'open', $_[0], '20261122T120000Z-0000000c'])->status == 0 or die "cannot append\n";
}, ['error audit.log mirror-differs', 'warning #3 run-open', 'warning 20261122T120000Z-0000000c run-open']);
both_find('a line that a crash tore', sub {
	append_file("$_[0]/audit.log", "{\"seq\":99,\"pr\0");
}, ['warning audit.log chain-torn']);
both_find('a torn line that the chain accounts for', sub {
	append_file("$_[0]/audit.log", "\0\0\"pr\n{\"seq\":99");
	run_program([$maker, 'open', $_[0], '20261122T120000Z-0000000c'])->status == 0 or die "cannot append\n";
}, ['warning audit.log chain-torn', 'warning 20261122T120000Z-0000000c run-open']);
both_find('torn lines that are not those the chain accounts for', sub {
	append_file("$_[0]/audit.log", "{\"seq\":99");
	run_program([$maker, 'open', $_[0], '20261122T120000Z-0000000c'])->status == 0 or die "cannot append\n";
	edit("$_[0]/audit.log", sub { s/^\{"seq":99$/{"seq":98/m });
}, ['error audit.log chain-broken', 'warning 20261122T120000Z-0000000c run-open']);
both_find('no chain', sub { unlink "$_[0]/audit.log" }, [undef]);
both_find('a receipt of another file, signed again', sub {
	my $receipt = run_file($_[0], 1, 'receipt.json');
	edit_json($receipt, sub { $_->{sha256} = '0' x 64 for @{ $_[0]{objects} } });
	sign($receipt);
}, ['error #1 receipt-differs']);
both_find('no receipt', sub { unlink run_file($_[0], 1, 'receipt.json') }, ['warning #1 receipt-missing']);
both_find('something left behind', sub {
	my $teardown = run_file($_[0], 1, 'teardown.json');
	edit_json($teardown, sub { $_[0]{left} = ['/srv/drill/sandbox'] });
	sign($teardown);
}, ['warning #1 leftover']);
both_find('receipts and attestations of other runs, and one as the other', sub {
	my ($copy) = @_;
	my $put = sub { my ($from, $to, $name, $as) = @_; run_program(['cp', run_file($copy, $from, "$name$_"), run_file($copy, $to, ($as // $name) . $_)]) for '', '.sig' };
	$put->(3, 0, 'teardown.json');
	$put->(3, 1, 'receipt.json');
	$put->(2, 2, 'teardown.json', 'receipt.json');
	write_file(run_file($copy, 3, 'report.html'), "<p>pass</p>\n");
}, ['error #0 teardown-differs', 'error #1 receipt-differs', 'error #2 receipt-differs', 'error #3 file-differs']);
both_find('checkpoints with another receipt, with one that nobody signed, and one that died before it was signed', sub {
	my ($copy) = @_;
	my @ids = map { checkpoint_id($copy, $_) } 1 .. 3;
	run_program(['cp', "$copy/audit/$ids[0].receipt.json$_", "$copy/audit/$ids[1].receipt.json$_"]) for '', '.sig';
	unlink "$copy/audit/$ids[0].receipt.json.sig";
	write_file("$copy/audit/20261122T120000Z-0000000c.json", "{\n");
}, ['error ' . checkpoint_id(work_path('exported'), 1) . ' receipt-signature', 'error ' . checkpoint_id(work_path('exported'), 2) . ' receipt-differs']);
both_find('an older checkpoint by the name of a newer one', sub {
	my ($from, $to) = map { checkpoint_id($_[0], $_) } 1, 3;
	run_program(['cp', "$_[0]/audit/$from.json$_", "$_[0]/audit/$to.json$_"]) for '', '.sig';
}, [undef]);
both_find('a run that was drawn twice, and one that died before it was signed', sub {
	my ($copy, $id) = ($_[0], '20261122T120000Z-0000000c');
	run_program([$maker, @$_])->status == 0 or die "cannot append\n" for ['open', $copy, run_id(3)], ['open', $copy, $id], ['abandon', $copy, $id];
	new_dir("$copy/evidence/$id");
	write_file("$copy/evidence/$id/record.json", "{\n");
}, ['error #3 draw-rerolled', 'error #3 draw-differs', 'error #3 draw-population', 'warning 20261122T120000Z-0000000c record-unfinished']);
# Each is signed again, as whoever holds the key could.
both_find('an objective that was missed, a figure of its own, a choice that was nobody\'s, a plan of another name', sub {
	my ($copy) = @_;
	my @changes = (sub { $_[0]{objectives}[0]{objective_us} = 1 }, sub { $_[0]{objectives}[0]{measured_us} = 1 },
		sub { $_[0]{draw}{operator_chosen} = JSON::PP::true }, sub { $_[0]{plan}{name} = 'easy' });
	for my $number (0 .. 3) {
		edit_json(run_file($copy, $number, 'record.json'), $changes[$number]);
		sign(run_file($copy, $number, 'record.json'));
	}
}, ['error #0 outcome-differs', 'error #1 outcome-differs', 'error #2 draw-differs', (map { "error #3 $_" } qw(draw-differs draw-history plan-differs)),
	map { ("error #$_ record-differs", "error #$_ receipt-differs") } 0 .. 3]);
# What the script reckons with is the word of whoever is audited: a shell would carry it out.
both_find('numbers that are commands', sub {
	my ($copy) = @_;
	edit(run_file($copy, 0, 'population.tsv'), sub { s/\t1794[0-9]+\t/\tPWD[\$(touch pwned)]\t/ });
	edit(run_file($copy, 1, 'draw.json'), sub { s/"time_us":\d+/"time_us":"PWD[\$(touch pwned)]"/g });
	edit(run_file($copy, 2, 'draw.json'), sub { s/"slot_began_us":\d+/"slot_began_us":"PWD[\$(touch pwned)]"/ });
	edit(run_file($copy, 3, 'draw.json'), sub { s/"slots":\d+/"slots":"PWD[\$(touch pwned)]"/g });
}, [map { ("error #$_ draw-differs", "error #$_ file-differs", "error #$_ receipt-differs") } 0 .. 3]);
both_find('an attestation that was altered', sub { edit(run_file($_[0], 1, 'teardown.json'), sub { s/drill/dr/ }) },
	['error #1 teardown-signature']);
tool_ok([qw(key new evidence), "$site/other", '--owner', "$site/owner", '--unprotected'], 'another evidence key');
both_find('another key', sub { }, [undef], "$site/other.pem");

finish_cases();
ok(!-e 'pwned', 'nothing of it was carried out');

# Whoever drills draws again, with another seed, until the point is an easy one.
program_ok([$maker, 'again', $state, $key_file, "$site/repository", 2, ''], 'a draw repeated');
program_ok([$maker, 'again', $state, $key_file, "$site/repository", 2, 'tried'], 'a draw with another seed');
my @forged = qw(slots thin short day plan nameless);
program_ok([$maker, 'forge', $state, $key_file, "$site/repository", 4 + $_, $forged[$_]], "forged: $forged[$_]") for 0 .. $#forged;
program_ok([$maker, 'again', $state, $key_file, "$site/repository", 8, ''], 'as the plan was before');
# A third implementation, of the draw alone: from what the repositories held to the point.
subtest 'an auditor draws again' => sub {
	my $redo = sub { run_program(['python3', source_path('contrib/verify-draw'), @_], timeout => 60) };
	my $copy = copy_of();
	my $result = $redo->($copy);
	is($result->status, 0, 'all that was drawn, by each method') or diag $result->out, $result->err;
	like($result->out, qr/^$runs draws made again: $runs the same, 0 not$/m, 'comes to the same');
	my %alter = (
		'holdings.json' => [sub { $_[0] =~ s/("end_us":)(\d+)(?=[^}]*5e7a11ce)/$1 . ($2 - 60_000_000)/er }, qr/the population does not follow from holdings\.json/],
		'population.tsv' => [sub { $_[0] =~ s/\A[^\n]*\n//r }, qr/the population does not follow from holdings\.json/],
		'draw.json' => [sub { $_[0] =~ s/("slots":)(\d+)/$1 . ($2 + 1)/er }, qr/the number of slots is not that of the chain/],
		'drill.plan' => [sub { $_[0] =~ s/set = random/set = auto/r =~ s/time 0/time 99/r =~ s/time 30/time 31/r }, qr/the mix is not that of the plan/],
	);
	for my $name (sort keys %alter) {
		my ($edit, $says) = @{ $alter{$name} };
		my $path = run_file($copy, 1, $name);
		my $text = read_file($path);
		write_file($path, $edit->($text));
		my $found = $redo->($copy, run_id(1));
		is($found->status, 13, "another $name is found");
		like($found->out, $says, 'and what it makes of the draw');
		write_file($path, $text);
	}
	is($redo->($copy)->status, 0, 'as it was, it holds');
	is($redo->()->status, 2, 'without a folder it says how it is used');
};

File::Path::remove_tree(work_path('exported'));
site_ok('evidence', 'export', '--output', work_path('exported'));
both_find('a draw that was rolled again', sub { },
	['warning 20261122T200200Z-00000002 draw-repeated', 'error 20261122T210200Z-00000002 draw-rerolled',
	'error 20261122T210200Z-00000002 plan-differs',
	'error 20261122T220400Z-00000004 draw-history',
	'error 20261122T220500Z-00000005 draw-population',
	'error 20261122T220600Z-00000006 plan-differs',
	'error 20261122T220700Z-00000007 draw-rerolled',
	'error 20261122T220900Z-00000009 draw-differs',
	'warning 20261122T200800Z-00000008 draw-repeated']);
finish_cases();

subtest 'what other commands tell the chain' => sub {
	my $last = sub { decode_json(site_ok('audit', 'log', '--last', 1, '--json')->out)->{lines}[0] };
	is($last->()->{event}, 'evidence.exported', 'an export');
	rename "$state/audit.log", "$state/away";
	new_dir("$state/audit.log");
	like(site_ok('catalog', 'rebuild', 'erp')->err, qr/warning: catalog\.rebuilt is not in the audit chain: cannot open '\Q$state\E\/audit\.log'/,
		'what cannot be appended is a warning, and is done');
	rmdir "$state/audit.log";
	rename "$state/away", "$state/audit.log";
	site_ok('catalog', 'rebuild', 'erp');
	my $line = $last->();
	is($line->{event}, 'catalog.rebuilt', 'a rebuild');
	ok($line->{actor}{user} && $line->{actor}{pid}, 'and by whom');

	# The draws of before do not hold; the chain does, with what the others told it.
	my $verified = tool('-c', "$site/odrbackup.conf", 'audit', 'verify');
	is($verified->status, 13, 'the draws that were rolled again');
	unlike($verified->out, qr/chain-|mirror-|checkpoint-/, 'are all that is wrong');
	like($verified->out, qr/draw-rerolled/, 'and are told');
};

done_testing;
