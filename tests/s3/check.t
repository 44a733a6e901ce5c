#!/usr/bin/perl
# check walks the whole way to a bucket, says for each step what it saw, and proves locks by trying to delete.
use strict;
use warnings;
use lib 'tests/lib';

use POSIX ();
use Test::More;

use Odr::Ceph;
use Odr::Httpd;
use Odr::Site;
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $credentials = $ceph->credentials(work_path('credentials'));
$ceph->make_bucket('locked', lock => 1);
$ceph->make_bucket('versioned', versions => 1);
$ceph->make_bucket('plain');

my %repository = (type => 's3', path => undef, endpoint => $ceph->endpoint, bucket => 'locked', prefix => 'erp',
	credentials => $credentials, 'retry-for' => '2s', lock => 'compliance');
my $site = Odr::Site->new(sections => { 'repository main' => \%repository })->create;
$site->backup('a backup into a bucket with locks');

# With these keys of the repository changed: the steps by name, the protections by code, the exit status.
sub check {
	my ($keys, @arguments) = @_;
	$site->write_conf('repository main' => $keys);
	my $result = $site->tool('check', '--json', @arguments);
	my $document = $result->json;
	my ($main) = @{ $document->{repositories} };
	return { status => $result->status, document => $document, order => [map { $_->{step} } @{ $main->{steps} }],
		step => { map { $_->{step} => $_ } @{ $main->{steps} } },
		protection => { map { $_->{code} => $_->{protected} } @{ $main->{protection} } } };
}

sub is_step {
	my ($check, $name, $state, $saw, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $step = $check->{step}{$name} // { state => 'absent', saw => join ' ', @{ $check->{order} } };
	ok($step->{state} eq $state && $step->{saw} =~ $saw, "$what: $name is $state") or diag("$step->{state}: $step->{saw}");
}

sub has_finding {
	my ($check, $code) = @_;
	return scalar grep { $_->{code} eq $code && $_->{severity} eq 'critical' } @{ $check->{document}{findings} };
}

my %tls = (endpoint => $ceph->tls_endpoint, 'ca-file' => $ceph->ca_file);
my $good = check({ %tls });
is($good->{status}, 0, 'a good repository passes');
is_deeply($good->{order}, [qw(dns connection tls clock public credential bucket versions lock put read list delete retention)],
	'the steps are those of the manual');
is(join(' ', grep { $good->{step}{$_}{state} ne 'ok' } @{ $good->{order} }), '', 'every step is fine');
is_step($good, 'tls', 'ok', qr/^verified: CN = localhost, by CN = localhost, until 20\d\d-/, 'over TLS');
is_step($good, 'clock', 'ok', qr/^(here and there|.* is .* behind)/, 'clocks');
is_step($good, 'retention', 'ok', qr{/set/\S+' is locked by COMPLIANCE until 20\d\d-}, 'a set');
is($good->{protection}{'host-deletes'}, 'yes', 'a stolen host cannot delete what is locked');
is($good->{protection}{'host-reads'}, 'no', 'an identity on the host is not forgotten');
is(scalar(grep { $_->{key} =~ m{/probe/} } $ceph->versions('locked')), 0, 'no probe is left');

# What metrics know of it.
sub value_of {
	my ($family, $labels) = @_;
	my $metrics = $site->tool('-q', 'metrics')->out;
	return $metrics =~ /^odrbackup_\Q$family\E\{service="erp-prod",repository="main"\Q$labels\E\} (\S+)$/m ? $1 : undef;
}
cmp_ok(value_of('lock_until_timestamp_seconds', '') // 0, '>', time + 10 * 86400, 'until when the newest set is locked was read back');
is(value_of('unlocked_objects', ''), undef, 'what is not locked was not looked for');
cmp_ok(abs(time - (value_of('wal_last_archived_timestamp_seconds', '') // 0)), '<', 3600, 'when WAL was stored last');
for my $window (qw(1d 7d 90d)) {
	cmp_ok(value_of('rpo_exposure_max_seconds', qq(,window="$window")) // -1, '>=', 0, "the largest exposure of $window");
}
is(check({}, '--repository-scan')->{status}, 0, 'a scan looks at locks');
is(value_of('unlocked_objects', ''), 0, 'all is locked');

# By plain http to a name that might be another host, what is missing may have been kept back.
my %named = (endpoint => $ceph->endpoint =~ s/127\.0\.0\.1/0.0.0.0/r);
my @absent = ('archive-get', '--service', $site->service, '0000000100000009000000AA', $site->path('wal'));
my $segment = $site->cluster->archive_now;
is_step(check({ %named, 'plain-http' => 'yes' }), 'tls', 'warning', qr/^none: plain http; .* no recovery ends by this repository$/, 'plain http');
$site->tool_fails(\@absent, 126, qr/proves nothing: the way there is plain http, .* set plain-http=trusted where nobody else can be on that way$/m,
	'absence by plain http is none');
$site->tool_ok(['archive-get', '--service', $site->service, $segment, $site->path('wal')], 'what is there comes by plain http');
is_step(check({ %named, 'plain-http' => 'trusted' }), 'tls', 'ok', qr/^none: plain http/, 'a way that is vouched for');
$site->tool_fails(\@absent, 1, qr/^/, 'absence by it is absence');
$site->write_conf('repository main' => { %named, 'plain-http' => undef });
$site->tool_fails(\@absent, 126, qr/set plain-http=yes where/, 'it is not used unless the settings say so');

# The proof, and what is left of it.
my $proven = check({}, '--prove-lock');
is_step($proven, 'proof', 'ok', qr/^proven: locked by COMPLIANCE until/, '--prove-lock');
my @left = grep { $_->{key} =~ m{^erp/probe/} } $ceph->versions('locked');
ok(@left == 1 && $left[0]{key} =~ /-locked$/, 'only the locked canary is left');
is($ceph->request('DELETE', "/locked/$left[0]{key}", query => { versionId => $left[0]{version} })->{status}, 403,
	'which nobody can delete');
my $bypassed = check({ lock => 'governance' }, '--prove-lock');
is_step($bypassed, 'proof', 'warning', qr/may bypass that, and did$/, 'governance and the owner of the account');
is_step($bypassed, 'retention', 'ok', qr/COMPLIANCE/, 'governance asked for, compliance found');

# Another witness: the client of AWS.
SKIP: {
	skip 'the package awscli is not installed', 3 unless -x '/usr/bin/aws';
	my @versions = $ceph->versions('locked', 'erp/');
	for my $kind (qw(pack set wal)) {
		my ($object) = grep { $_->{key} =~ m{/$kind/} } @versions;
		my $aws = run_program(['/usr/bin/aws', '--endpoint-url', $ceph->endpoint, '--region', 'us-east-1', 's3api', 'get-object-retention',
			'--bucket', 'locked', '--key', $object->{key}, "--version-id=$object->{version}", '--output', 'text'],
			env => { AWS_ACCESS_KEY_ID => 'testkey', AWS_SECRET_ACCESS_KEY => 'testsecret', AWS_EC2_METADATA_DISABLED => 'true' });
		like($aws->out, qr/^RETENTION\s+COMPLIANCE\s+20\d\d-/, "awscli reads the retention of a $kind") or diag($aws->err);
	}
}

# Buckets that do less are used, and called what they are.
for my $case (['plain', 'warning', qr/^off: what is overwritten or deleted is gone$/, 'no'], ['versioned', 'ok', qr/^on$/, 'partly']) {
	my ($bucket, $state, $saw, $overwritten) = @$case;
	my %keys = (bucket => $bucket, lock => undef);
	$site->write_conf('repository main' => \%keys);
	$site->tool_ok(['init', 'erp-prod', '--single-recipient'], "init of bucket $bucket");
	my $check = check(\%keys);
	is_step($check, 'versions', $state, $saw, $bucket);
	is_step($check, 'lock', 'ok', qr/^not immutable: the bucket has no Object Lock, and lock=none$/, $bucket);
	is_deeply([@{ $check->{protection} }{qw(host-deletes host-overwrites keeper-deletes)}], ['no', $overwritten, 'unknown'],
		"$bucket: what it does not protect against is said");
	$check = check({ %keys, lock => 'compliance' });
	is_step($check, 'lock', 'bad', qr/^lock=compliance, but not immutable: the bucket has no Object Lock$/, $bucket);
	ok(has_finding($check, 'store.lock'), "$bucket: a lock that is asked for and not there is a finding");
}

# A bucket that locks by itself, and one that everybody may list.
$ceph->make_bucket('strict', lock => 1);
$ceph->must('PUT', '/strict', query => { 'object-lock' => '' }, body => '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>'
	. '<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>');
my $strict = check({ bucket => 'strict' });
is_step($strict, 'lock', 'ok', qr/the bucket locks everything by itself: COMPLIANCE for 1 days$/, 'a default retention');
is_step($strict, 'delete', 'skipped', qr/the bucket locks whatever is stored/, 'a default retention');
is_step(check({ bucket => 'strict', lock => 'bucket' }, '--prove-lock'), 'proof', 'ok', qr/^proven: /, 'a default retention alone');
is_step(check({ lock => 'bucket' }), 'lock', 'bad', qr/^lock=bucket, but not immutable: the bucket has Object Lock and no default retention$/,
	'a default retention that is relied on and not there');
$ceph->must('PUT', '/public', headers => { 'x-amz-acl' => 'public-read' });
is_step(check({ bucket => 'public', lock => undef }), 'public', 'bad', qr/^everybody may list the bucket/, 'a public bucket');

# What stands in the way, one step at a time.
my $wrong = $ceph->credentials(work_path('wrong'), secret => 'nonsense');
for my $case (
	['a name nobody knows', { endpoint => 'https://odrbackup.invalid' }, 'dns', qr/odrbackup\.invalid/],
	['a port where nobody listens', { endpoint => 'http://127.0.0.1:1' }, 'connection', qr/port 1\b/],
	['a certificate that is not trusted', { endpoint => $ceph->tls_endpoint }, 'tls', qr/certificate/],
	['a server that speaks no TLS', { endpoint => $ceph->endpoint =~ s/^http:/https:/r }, 'tls', qr/./],
	['a server that speaks no HTTP', { endpoint => "http://127.0.0.1:$ceph->{env}{MON_PORT}" }, 'answer', qr/HTTP/],
	['a wrong secret', { credentials => $wrong }, 'credential', qr/^access key testkey from .*SignatureDoesNotMatch/],
	['no credentials', { credentials => work_path('nowhere') }, 'credential', qr/cannot read the credentials/],
	['a missing bucket', { bucket => 'no-such-bucket' }, 'bucket', qr/^no-such-bucket: .*NoSuchBucket/],
) {
	my ($what, $keys, $step, $saw) = @$case;
	my $check = check($keys);
	is_step($check, $step, 'bad', $saw, $what);
	is($check->{step}{retention}{state}, 'skipped', "$what: what comes after is not looked at");
	is($check->{status}, 4, "$what: the status is 4");
}

# A clock: a server that lives in the past.
my $then = time - 26 * 86400;
my $past = Odr::Httpd->start('past', sub { return (403, '', Date => POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime $then)) });
is_step(check({ endpoint => $past->url }), 'clock', 'bad',
	qr/^20\S+ here, ${\ POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $then)} there: the store is .* behind$/, 'clocks that differ');

# Rights that a role need not have.
my $writer = check({ role => 'writer' }, '--strict');
is_step($writer, $_, 'warning', qr/^may \w+, which a writer need not/, 'a writer with all rights') for qw(read list delete);
is_step($writer, 'put', 'ok', qr/is stored durably, in/, 'a writer with all rights');
is($writer->{status}, 3, 'and with --strict the status is 3');

$site->write_conf('repository main' => { bucket => 'no-such-bucket' });
my $nagios = $site->tool('check', '--nagios');
is($nagios->status, 2, 'monitoring: critical');
like($nagios->out, qr/\AODRBACKUP CRITICAL - erp-prod: repository main: bucket: no-such-bucket: /, 'and which step it is');

$site->write_conf;
my $human = $site->tool('check');
like($human->out, qr/^repository main: s3 bucket locked.*\n  dns +ok .*\n(?:  .*\n)+what it protects against, as far as that was proven\n/m,
	'people get a table');
like($human->out, qr/^  a stolen keeper deletes sets +yes +the newest set is locked by compliance/m, 'of steps, and of threats');

# What is not locked, where it should be.
$site->write_conf('repository main' => {});
my $overlaid = (grep { $_->{key} =~ m{/set/} } $ceph->versions('locked', 'erp/'))[0];
$ceph->must('PUT', "/locked/$overlaid->{key}", body => $ceph->must('GET', "/locked/$overlaid->{key}")->{content});
ok(!has_finding(check({}, '--repository-scan'), 'object.unlocked'), 'what lies over a locked version changes nothing');
my %unlocked = (prefix => 'unlocked', lock => undef);
$site->write_conf('repository main' => \%unlocked);
$site->tool_ok(['init', 'erp-prod', '--single-recipient'], 'init without locks');
$site->backup('a backup without locks');
ok(has_finding(check({ prefix => 'unlocked' }, '--repository-scan'), 'object.unlocked'), 'a repository that should lock, and does not, is found out');
cmp_ok(value_of('unlocked_objects', '') // 0, '>', 2, 'by metrics, too');
is(value_of('lock_until_timestamp_seconds', ''), undef, 'and has no lock that ends');

done_testing();
