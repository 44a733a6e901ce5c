#!/usr/bin/perl
# Reports of drills and of quarters: every format is well-formed and self-contained, hostile text stays text, what is not
# proven is said, and nothing is claimed that no drill can show.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::SHA 'sha256_hex';
use File::Path ();
use JSON::PP 'encode_json';
use Test::More;

use Odr::Tool;
use Odr::Work;

my $source = "$FindBin::Bin/../..";
my $dir = new_dir(work_path('report'), 0700);
my $conf = "$dir/odrbackup.conf";
write_file($conf, <<"CONF", 0600);
[odrbackup]
state=$dir/state
spool=$dir/spool
[repository main]
type=posix
path=$dir/repository
[tier gold]
rpo=5min
rto=2h
[service erp-prod]
repositories=main
tier=gold
config=none
[process invoicing]
service=erp-prod
components=database
checks=invoices-balanced;login
owner=head of finance
rto=90min
[exemption second-site]
service=erp-prod
objective=coverage
reason=the second site is being built
approver=head of IT
expires=2090-01-01T00:00:00Z
CONF

# As a receipt says that it was.
sub stored {
	my ($run) = @_;
	my $folder = "$dir/state/evidence/$run";
	write_file("$folder/receipt.json", encode_json({ run => $run, objects => [
		{ repository => 'main', name => "x/evidence/$run/record.json", sha256 => Digest::SHA::sha256_hex(read_file("$folder/record.json")) } ] }));
	return;
}

my %run = (passed => '20261114T030000Z-6f1d20aa', failed => '20261121T030000Z-93ac01fe',
	incomplete => '20261128T030000Z-0b77c2d1');
new_dir("$dir/state");
new_dir("$dir/state/evidence");
for my $name (sort keys %run) {
	new_dir("$dir/state/evidence/$run{$name}");
	write_file("$dir/state/evidence/$run{$name}/record.json", read_file("$FindBin::Bin/records/$name.json"));
	stored($run{$name});
}

sub report { return tool('-q', '-c', $conf, 'report', @_) }

sub xmllint {
	my ($what, @arguments) = @_;
	my $output = qx(xmllint --noout --nonet @arguments 2>&1);
	return is($output, '', $what);
}

# As XML is it strict; what HTML leaves open is closed for that.
sub is_page {
	my ($file, $what) = @_;
	my $page = read_file($file);
	ok(length $page <= 1 << 20, "$what: no more than 1 MiB");
	like($page, qr/content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"/, "$what: a policy that lets nothing in");
	unlike($page, qr/<script|javascript:|\bon\w+=|<link|<img|<iframe|\@import|url\(/i, "$what: no script, nothing from outside");
	(my $strict = $page) =~ s{<(meta [^>]*)>}{<$1/>}g;
	$strict =~ s{<!DOCTYPE html>\n}{};
	write_file("$file.strict", $strict);
	return xmllint("$what is well-formed", "$file.strict");
}

subtest 'one drill in every format' => sub {
	for my $name (sort keys %run) {
		for my $suffix (qw(html md json csv xml)) {
			ok(report('drill', $run{$name}, '--output', "$dir/$name.$suffix")->ok, "$name as $suffix");
		}
		is_page("$dir/$name.html", "$name.html");
		xmllint("$name.xml is well-formed", "$dir/$name.xml");
		is(sha256_hex(read_file("$dir/$name.json")), sha256_hex(read_file("$dir/state/evidence/$run{$name}/record.json")),
			"$name.json is the record, byte for byte");
		like(read_file("$dir/$name.html"), qr/\Q${\ sha256_hex(read_file("$dir\/$name.json"))}\E/, "$name.html names its digest");
	}
	my $latest = report('drill', 'latest');
	ok($latest->ok && $latest->out =~ /^- Run: `$run{incomplete}`$/m, 'the latest');
	like(report('drill', 'latest', '--render', 'html')->out, qr/^<!DOCTYPE html>/, 'a format by name');
};

subtest 'what they say' => sub {
	like(read_file("$dir/passed.md"), qr/^\*\*PASSED\*\*: erp-prod came back/m, 'a pass');
	like(read_file("$dir/passed.md"), qr/^- pos-sessions was not assessed: module point\\_of\\_sale is not installed\.$/m,
		'what was not assessed is not proven');
	like(read_file("$dir/failed.md"), qr/^\*\*CHECK FAILED\*\*: .* \(also: fail-objective\)$/m, 'a failure, and what else applies');
	like(read_file("$dir/failed.md"), qr/^\| service \| RPO \| 5 min \| 6 min 52 s \| MISSED \|/m, 'a missed objective');
	like(read_file("$dir/incomplete.md"), qr/41\x{e2}\x{80}\x{af}233 of 412\x{e2}\x{80}\x{af}330 files compared by hash, 0 differ; damaged share ≤ 0\.0073 % \(95 %\)/,
		'a sample is called one, with its bound');
	like(read_file("$dir/incomplete.md"), qr/^\| service \| RTO \| 2 h \| – \| NOT PROVEN \|/m, 'what was not measured is a dash');
	like(read_file("$dir/passed.md"), qr/^- Back, with assumptions: process invoicing: 25 min 24 s$/m, 'when a process was back');
	like(read_file("$dir/failed.md"), qr/^- Back, with assumptions: process invoicing: –$/m, 'or not');
	like(read_file("$dir/passed.csv"), qr/figure,rta_process,1524400000,us,.*invoicing/, 'as a line of a table');
};

subtest 'junit' => sub {
	my %want = (passed => 'failures="0" errors="0"', failed => 'failures="3" errors="0"', incomplete => 'failures="0" errors="3"');
	for my $name (sort keys %want) {
		my $xml = read_file("$dir/$name.xml");
		like($xml, qr/<testsuite [^>]*\Q$want{$name}\E/, "$name: $want{$name}");
		my ($tests) = $xml =~ /tests="(\d+)"/;
		is($tests, () = $xml =~ /<testcase /g, "$name: as many cases as it says");
	}
};

subtest 'hostile text stays text' => sub {
	my $evil = q{=cmd|' /C calc'!A0 <b>&amp;};
	like(read_file("$dir/failed.html"), qr/=cmd\|&#39; \/C calc&#39;!A0 &lt;b&gt;&amp;amp;/, 'in HTML');
	unlike(read_file("$dir/failed.html"), qr/<b>/, 'no tag of its');
	like(read_file("$dir/failed.md"), qr/=cmd\\\|' \/C calc'\\!A0 &lt;b&gt;&amp;amp;/, 'in Markdown');
	for my $line (split /\r\n/, read_file("$dir/failed.csv")) {
		ok($line !~ /(?:^|,)"?[=+@]/, "no formula in: $line");
	}
	my $run = '20261129T030000Z-00000bad';
	my $record = read_file("$FindBin::Bin/records/passed.json");
	my $hostile = '</title><script>alert(1)</script>\u202e\u0007|`[x](http://x.example)';
	$record =~ s/$run{passed}/$run/;
	$record =~ s/"erp-weekly"/"=$hostile"/;
	$record =~ s/"Lost primary[^"]*"/"$hostile"/;
	$record =~ s/"account|"invoices-balanced"/"\@$hostile"/;
	new_dir("$dir/state/evidence/$run");
	write_file("$dir/state/evidence/$run/record.json", $record);
	for my $suffix (qw(html md csv xml)) {
		ok(report('drill', $run, '--output', "$dir/evil.$suffix")->ok, "as $suffix");
		unlike(read_file("$dir/evil.$suffix"), qr/\x{e2}\x{80}\x{ae}|\x07/, "$suffix: nothing turns the text around");
	}
	is_page("$dir/evil.html", 'evil.html');
	xmllint('evil.xml is well-formed', "$dir/evil.xml");
	unlike(read_file("$dir/evil.md"), qr/<script|(?<!\\)\[x\]/, 'Markdown has neither tag nor link');
	unlike(read_file("$dir/evil.csv"), qr/(?:^|,)"?[=\@]/m, 'CSV has no formula');
	File::Path::remove_tree("$dir/state/evidence/$run");
};

subtest 'a quarter' => sub {
	for my $suffix (qw(html md json)) {
		ok(report('quarterly', '--quarter', '2026-Q4', '--output', "$dir/quarter.$suffix")->ok, "as $suffix");
	}
	is_page("$dir/quarter.html", 'quarter.html');
	my $text = read_file("$dir/quarter.md");
	my @sections = $text =~ /^## (\d+) · /mg;
	is_deeply(\@sections, [1 .. 15], 'has its fifteen sections in order');
	like($text, qr/$run{$_}/, "lists the $_ drill") for sort keys %run;
	like($text, qr/^\| invoices-balanced \| invoicing \| \d+ \| 1 \| \d+ \| /m, 'each check over the drills');
	like($text, qr/^\| `$run{failed}` \| check failed \| not yet \| – \|$/m, 'what failed, and was not green again');
	like($text, qr/^- WAL was replayed at .* a second at the least, .* in the median, .* at the most \(3 drills\)\.$/m, 'how replay varied');
	like($text, qr/^- Records signed with key: not signed$/m, 'who signed is said, or that nobody did');
	my $facts = decode_json(read_file("$dir/quarter.json"));
	my %finding = map { $_->{id} => "$_->{drills} $_->{first} " . ($_->{closed_by} // 'open') } @{ $facts->{findings} };
	is($finding{'F-2026-033'}, "1 $run{failed} open", 'what has to be seen to');
	unlike(read_file("$dir/incomplete.md"), qr/not found/, 'a control that could not be tried is no miss');
	is($facts->{state}, 'MISSED', 'a failed drill is a miss');
	is($facts->{services}[0]{drills_counted}, 3, 'three drills count');
	is($facts->{services}[0]{drills_failed}, 1, 'one of them failed');
	is($facts->{services}[0]{drills_open}, 1, 'one came to no verdict');
	is($facts->{services}[0]{states}{coverage}{state}, 'EXEMPT', 'coverage is exempt');
	like($text, qr/exempt until 2090-01-01T00:00:00Z: the second site is being built \(head of IT\)/, 'which has its reason and approver');
	my ($invoicing) = grep { $_->{process} eq 'invoicing' } @{ $facts->{processes} };
	is($invoicing->{states}{RPO}{state}, 'NOT PROVEN', 'a process without recovery points is not proven');
	is($invoicing->{states}{integrity}{state}, 'MISSED', 'nor good where a check failed');
	is($invoicing->{owner}, 'head of finance', 'somebody answers for it');
	like($text, qr/no plan has its check invoices-balanced/, 'a check that no plan has is named');
	is(report('quarterly', '--quarter', '2026-Q4', '--strict')->status, 5, '--strict: 5 where an objective was missed');

	my $folder = new_dir("$dir/reports", 0700);
	ok(report('quarterly', '--quarter', 'last', '--render', 'html', '--output', $folder)->ok, 'the quarter before this one, into a folder');
	my ($year, $month) = (gmtime)[5, 4];
	my $last = $month < 3 ? sprintf('%d-Q4', $year + 1899) : sprintf('%d-Q%d', $year + 1900, int $month / 3);
	like(read_file("$folder/report-quarterly-$last.html"), qr/$last/, 'the file has its name');
	my $none = report('quarterly', '--quarter', '2026-Q1', '--strict');
	is($none->status, 3, 'a quarter without drills gets its report: 3 with --strict');
	like($none->out, qr/^\*\*NOT PROVEN\*\*/m, 'which says NOT PROVEN');
	like($none->out, qr/No drill was attempted in this period/, 'and why');
	ok(report('quarterly', '--quarter', '2026-Q1')->ok, '0 without');
	ok(report('posture', '--output', "$dir/posture.html")->ok, 'posture');
	is_page("$dir/posture.html", 'posture.html');
	like(read_file("$dir/posture.html"), qr/<li>erp-prod, critical, repository main: there is no set/, 'which says where something is wrong');
};

# A text of the law is supported by what there is, or not at all.
subtest 'what the members are that texts are held against' => sub {
	my $record = decode_json(read_file("$source/tests/drill/records/passed.json"));
	my ($table) = read_file("$dir/quarter.md") =~ /^## \d+ · What it supports\n(.*?)^## /ms;
	my @rows = map { [split / \| /] } grep { /^\| (?!Text|-)/ } split /\n/, $table;
	my $sections = join '|', map { lc } read_file("$dir/quarter.md") =~ /^## \d+ · (.*)$/mg;
	is(scalar @rows, 8, 'eight texts') or diag $table;
	for my $row (@rows) {
		my ($members) = $row->[1] =~ /: (.*)$/ or fail("$row->[0] names members");
		for my $member (split /, /, $members) {
			my $at = $record;
			$at = ref $at eq 'HASH' ? $at->{$_} : undef for split /\./, $member;
			ok(defined $at || $sections =~ /\Q$member\E/, "$row->[0] $member");
		}
	}
};

subtest 'an incident' => sub {
	my @incident = ('-q', '-c', $conf, 'incident');
	tool_ok([@incident, 'open', 'erp-prod', '--title', '</title><script>alert(1)</script> | `x` =1', '--loss', '2026-11-20T09:00:00Z',
		'--detected', '2026-11-20T09:05:00Z'], 'opened');
	tool_ok([@incident, 'note', '--lost', '<b>INV/2026/1204</b> | [x](http://x.example)'], 'what was lost');
	like(report('incident')->out, qr/^\*\*OPEN\*\*: erp-prod, so far: how much work was lost is not known;/m, 'an open one says so');
	tool_ok([@incident, 'mark', 'cutover', '--at', '2026-11-20T10:12:00Z'], 'the cutover');
	tool_ok([@incident, 'close'], 'closed');
	for my $suffix (qw(html md json csv)) {
		ok(report('incident', '--output', "$dir/incident.$suffix")->ok, "as $suffix");
	}
	is_page("$dir/incident.html", 'incident.html');
	like(read_file("$dir/incident.html"), qr/<h1>erp-prod, 2026-11-20</, 'of the day of the loss');
	unlike(read_file("$dir/incident.html"), qr/>opened</, 'that it was written down long after does not stretch its chart');
	my $text = read_file("$dir/incident.md");
	like($text, qr/^\*\*NOT PROVEN\*\*: erp-prod: how much work was lost is not known; users were served again 1 h 12 min after the loss\.$/m,
		'what is not known is not met');
	like($text, qr/^\| RTO: .* \| 2 h \| 1 h 12 min \| MET \| stated \|/m, 'the outage against its objective, on whose word');
	like($text, qr/^\| RPO: .* \| 5 min \| – \| NOT PROVEN \| – \| the recovered server was not asked/m, 'no figure, and why');
	like($text, qr/^- Never marked: declared, decision, restore-start, db-ready, service-ready, all-clear\.$/m, 'what was never marked');
	like($text, qr/^- &lt;b&gt;INV\/2026\/1204&lt;\/b&gt; \\\| \\\[x\\\]/m, 'hostile text stays text');
	my ($line, $digest) = $text =~ /^- Line (\d+) of audit\.log: `([0-9a-f]{64})`$/m;
	is(qx(sed -n ${line}p $dir/state/audit.log | sha256sum), "$digest  -\n", 'the command that it prints shows the digest it names');
	unlike(read_file("$dir/incident.csv"), qr/(?:^|,)"?[=\@]/m, 'CSV has no formula');
	is(decode_json(read_file("$dir/incident.json"))->{figures}{rpo_us}, undef, 'not known is null');
	is(report('incident', '--strict')->status, 3, '--strict: 3 where something is not proven');
	tool_fails(['-c', $conf, 'report', 'incident', '--output', "$dir/incident.xml"], 2, qr/junit is a format of single drills/, 'as JUnit');
	tool_fails(['-c', $conf, 'report', 'incident', '20260101T000000Z-00000000'], 7, qr/there is no incident/, 'one that is not there');
	tool_fails(['-c', $conf, 'report', 'incident', 'x'], 2, qr/'x' is no id of an incident/, 'an id that is none');
};

# An incident that lost more than may be lost is a miss, and an index of the evidence says where it is kept, and what holds the chain.
subtest 'incidents and evidence in a quarter' => sub {
	my ($id) = map { $_->{incident} } @{ decode_json(tool('-c', $conf, 'incident', 'list', '--json')->out)->{incidents} };
	my $quarter = decode_json(tool('-c', $conf, 'report', 'quarterly', '--quarter', '2026-Q4', '--render', 'json')->out);
	my ($listed) = @{ $quarter->{services}[0]{incidents} };
	is($listed->{incident}, $id, 'of the quarter in which it was lost');
	is($listed->{outage_us}, 72 * 60 * 1_000_000, 'its outage');
	is($listed->{rpo_us}, undef, 'what it lost is not known');
	like(join('; ', @{ $quarter->{services}[0]{states}{RPO}{reasons} }), qr/the loss of incident $id is not known/, 'which its RPO says');

	my $digest = sha256_hex(read_file("$dir/state/evidence/$run{passed}/record.json"));
	write_file("$dir/state/evidence/$run{passed}/receipt.json", encode_json({ run => $run{passed}, objects => [
		{ repository => 'main', name => "x/evidence/$run{passed}/record.json", version => 'v1', sha256 => $digest,
			stored_at => '2026-11-14T03:40:11Z', lock => { mode => 'compliance', until => '2033-11-12T03:40:11Z' } },
		{ repository => 'second', name => "x/evidence/$run{passed}/record.json", sha256 => '0' x 64 } ] }));
	unlink "$dir/state/evidence/$run{failed}/receipt.json" or die "cannot remove the receipt: $!\n";
	my $text = report('quarterly', '--quarter', '2026-Q4')->out;
	like($text, qr{^\| main \| `x/evidence/$run{passed}/record\.json` \| `v1` \| 2026-11-14 03:40:11 UTC \| 2033-11-12, compliance \| as here \| not verifiable \|$}m,
		'a copy with its version and lock');
	like($text, qr/^\| second \| .* \| not locked \| differs \| not verifiable \|$/m, 'one that is not locked, and not what is here');
	like($text, qr/^- $run{failed} has no receipt: that it was stored is not shown\.$/m, 'one that was not stored');
	like($text, qr/^- $run{failed}: its record was not stored\.$/m, 'which therefore does not count');
	my ($head) = $text =~ /^- Head, SHA-256: `([0-9a-f]{64})`$/m;
	my ($lines) = $text =~ /^- Lines: (\d+)$/m;
	is(qx(sed -n ${lines}p $dir/state/audit.log | sha256sum), "$head  -\n", 'the head of the chain is that of its last line then');
	like($text, qr/^No checkpoint is at hand: the chain is held by nothing but this host\.$/m, 'and what holds it');

	my $checkpoint = { type => 'odrbackup-audit-checkpoint', format => '1.0', seq => int $lines, head => $head,
		time => '2026-11-20T10:00:00Z', host => 'srv', service => 'erp-prod' };
	new_dir("$dir/state/audit");
	write_file("$dir/state/audit/20261120T100000Z-0a0b0c0d.json", encode_json($checkpoint));
	like(report('quarterly')->out, qr/^- It signs up to line: $lines\n.*\n\nWhat was appended after it is held by nothing but this host\.$/m,
		'a checkpoint of a line that is there');
	$checkpoint->{head} = '0' x 64;
	write_file("$dir/state/audit/20261120T100000Z-0a0b0c0d.json", encode_json($checkpoint));
	like(report('quarterly')->out, qr/^The chain was cut, or made anew, behind what was signed\.$/m, 'and of one that is not');
	rename "$dir/state/audit.log", "$dir/audit.log" or die "cannot move the chain: $!\n";
	like(tool('-c', $conf, 'report', 'quarterly')->out, qr/and checkpoint 20261120T100000Z-0a0b0c0d signs $lines lines of one: it was removed\.$/m,
		'a chain that is gone');
	rename "$dir/audit.log", "$dir/state/audit.log" or die "cannot move the chain: $!\n";
	File::Path::remove_tree("$dir/state/audit");
	stored($_) for @run{qw(passed failed)};
};

subtest 'coverage' => sub {
	my $shown = tool('-c', $conf, 'drill', 'coverage', '--strict');
	is($shown->status, 3, 'something was never drilled: 3 with --strict');
	like($shown->out, qr/^repository +main +\d+ +1 .*$/m, 'a repository, and how often it passed');
	like($shown->out, qr/^kit +recovery kit +0 +0 .* never$/m, 'a kit that was never drilled');
	my ($service) = @{ decode_json(tool('-c', $conf, 'drill', 'coverage', 'erp-prod', '--json')->out)->{services} };
	is($service->{state}, 'NOT PROVEN', 'the same as JSON');
	my %method = map { $_->{name} => $_->{state} } grep { $_->{subject} eq 'method' } @{ $service->{coverage} };
	is_deeply([sort keys %method], [qw(edge time wal worst)], 'every way to draw');
	my $checked = tool('-c', $conf, 'config', 'check');
	like($checked->out, qr/process invoicing +no plan of service erp-prod has its checks invoices-balanced, login: .*NOT PROVEN/,
		'config check names checks that no plan has');
};

subtest 'bad input' => sub {
	tool_fails(['-c', $conf, 'report', 'drill', '../x'], 2, qr/'\.\.\/x' is no run/, 'a run that is none');
	tool_fails(['-c', $conf, 'report', 'drill', '20261114T030000Z-00000000'], 7, qr/cannot report run/, 'a run that is not there');
	tool_fails(['-c', $conf, 'report', 'quarterly', '--quarter', '2026-Q5'], 2, qr/'2026-Q5' is no quarter; write one as 2026-Q4/,
		'a quarter that is none');
	tool_fails(['-c', $conf, 'report', 'quarterly', '--quarter', '2090-Q1'], 2, qr/2090-Q1 has not begun yet/, 'one to come');
	tool_fails(['-c', $conf, 'report', 'quarterly', '--tier', 'silver'], 2, qr/no service is of tier 'silver'/, 'a tier without services');
	tool_fails(['-c', $conf, 'report', 'posture', '--render', 'csv'], 2, qr/csv is a format of single drills/, 'a quarter as CSV');
	write_file("$dir/state/evidence/$run{passed}/record.json", '{"type":"x"}');
	my $result = tool('-c', $conf, 'report', 'quarterly', '--quarter', '2026-Q4');
	like($result->err, qr/warning: .*$run{passed}/, 'a record that cannot be read does not go unnoticed');
	ok($result->ok, 'and the report is written');
};

# Sentences stand in string literals; so do all claims a report can make.
subtest 'words' => sub {
	my @forbidden = (qr/guarantee/i, qr/(?<!:)100 ?%/, qr/RPO (?:= )?0\b/, qr/near-zero/i, qr/zero (?:data )?loss/i, qr/\bcertified\b/i,
		qr/\bcompliant\b/i, qr/tamper-proof/i, qr/tamper-evident/i, qr/\bfully recoverable\b/i, qr/filestore verified/i);
	for my $file (glob("$source/src/drill/report/*.c"), "$source/src/drill/measure/objective.c") {
		my $text = read_file($file);
		$text =~ s{/\*.*?\*/}{}gs;
		my @said = grep { my $literal = $_; grep { $literal =~ $_ } @forbidden } $text =~ /"((?:[^"\\]|\\.)*)"/g;
		is_deeply(\@said, [], "$file claims nothing it cannot");
	}
	for my $file (map { "$dir/$_.md" } sort(keys %run), 'quarter', 'incident') {
		my $text = read_file($file);
		is_deeply([grep { $text =~ $_ } @forbidden], [], "$file claims nothing it cannot");
	}
};

done_testing();
