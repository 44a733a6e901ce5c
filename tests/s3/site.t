#!/usr/bin/perl
# A whole site on a bucket: backup, archive, restore to a moment; locks that are there.
use strict;
use warnings;
use lib 'tests/lib';

use Test::More;

use Odr::Ceph;
use Odr::Proxy;
use Odr::Site;
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $credentials = $ceph->credentials(work_path('credentials'));

sub repository {
	my ($bucket, %more) = @_;
	return { 'repository main' => { type => 's3', path => undef, endpoint => $ceph->endpoint, bucket => $bucket,
		prefix => 'erp', credentials => $credentials, 'retry-for' => '5s', %more } };
}

my $unlocked = $ceph->make_bucket('versioned', versions => 1);
my $bucket = $ceph->make_bucket('locked', lock => 1);
my $site = Odr::Site->new(sections => repository($bucket, lock => 'compliance'))->create;

my $said = $site->tool('init', 'erp-prod', '--single-recipient');
like($said->err, qr/repository main is ready: s3 bucket locked.erp. at http\S+; immutable: nobody can delete/,
	'init says that sets are immutable');

$site->cluster->psql('CREATE TABLE invoice (id int); INSERT INTO invoice SELECT generate_series(1, 1000)');
$site->backup('a backup into a bucket with locks');
$site->cluster->psql('INSERT INTO invoice SELECT generate_series(1001, 2000)');
$site->cluster->psql('SELECT pg_switch_wal()');
my $moment = $site->cluster->psql('SELECT now()');
$site->cluster->psql("SELECT pg_create_restore_point('named')");
my $position = $site->cluster->psql('SELECT pg_current_wal_insert_lsn()');
$site->cluster->psql('INSERT INTO invoice VALUES (-1)');
$site->cluster->archive_now;

# Replay waits for every request: the listing is of one name, however many segments there are, and nothing else is asked.
my $segment = (map { $_->{key} =~ m{/wal/00000001/([0-9A-F]{24})-} } $ceph->versions($bucket, 'erp/'))[-1];
$site->write_conf(odrbackup => { 'archive-get-batch' => 0 }, %{ repository($bucket, lock => 'compliance') });
my @asked = $ceph->requests_of(sub {
	$site->tool_ok(['archive-get', '--service', 'erp-prod', $segment, $site->path('got')], 'a segment comes') });
is(scalar @asked, 2, 'by two requests') or diag(join "\n", @asked);
like($asked[0], qr{prefix=erp(/|%2F)[0-9a-f]{32}(/|%2F)wal(/|%2F)00000001(/|%2F)$segment-}, 'of which one lists its name alone');
$site->write_conf(%{ repository($bucket, lock => 'compliance') });

sub counts {
	my ($copy, $count, $name) = @_;
	is($copy->psql('SELECT count(*) FROM invoice'), $count, $name);
	$copy->stop('immediate');
	run_program(['rm', '-rf', $copy->pgdata]);
}

counts($site->recover('named', '--type', 'name', '--target', 'named'), 2000, 'a named point comes back from the bucket');
counts($site->recover('position', '--type', 'lsn', '--target', $position), 2000, 'and a position');

# A moment, from which the cluster goes on differently: a second timeline beside the first.
my $copy = $site->cluster->copy_at('fork', $site->restore('copy', '--type', 'time', '--target', $moment, '--target-action', 'promote'),
	overrides => { archive_mode => 'on', archive_command => $site->archive_command });
$copy->start(120)->wait_promoted(120);
is($copy->psql('SELECT count(*) FROM invoice'), '2000', 'the moment came back');
$copy->psql('INSERT INTO invoice SELECT generate_series(3001, 3010)');
$copy->archive_now;
$copy->stop('immediate');
counts($site->recover('newest'), 2010, 'the newest timeline comes back from the bucket');
counts($site->recover('first', '--target-timeline', 1), 2001, 'and the first one');

# The cluster is some MiB, the limit would take minutes for them.
my $before = $ceph->versions($bucket, 'erp/');
$site->write_conf(%{ repository($bucket, lock => 'compliance', 'bandwidth-up' => '64KiB') });
my $slow = $site->tool_start($site->backup_arguments);
poll_until('it stores', sub { $ceph->versions($bucket, 'erp/') > $before || !$slow->running }, 60);
$site->tool_ok([$site->restore_arguments($site->path('beside'), '--type', 'immediate')], 'to read has its own limit: none');
ok($slow->running, 'a backup with a limit is slower than a whole restore');
$slow->signal('TERM');
is($slow->wait(30)->status, 143, 'and stops when it is told to');
$site->write_conf(%{ repository($bucket, lock => 'compliance') });

# Keys that are replaced while they are in use: the file is read again.
my ($old, $new) = map { $ceph->add_key($_) } qw(old new);
my $turned = $ceph->credentials(work_path('turned'), %$old);
$before = $ceph->versions($bucket, 'erp/');
$site->write_conf(%{ repository($bucket, lock => 'compliance', credentials => $turned, 'bandwidth-up' => '256KiB') });
my $long = $site->tool_start($site->backup_arguments);
poll_until('it stores', sub { $ceph->versions($bucket, 'erp/') > $before || !$long->running }, 60);
$ceph->credentials($turned, %$new);
$ceph->remove_key($old);
ok($long->running, 'the access key is taken away in the middle of a backup');
is($ceph->request('GET', "/$bucket", %$old)->{status}, 403, 'and lets nobody in any more');
my $went_on = $long->wait(120);
ok($went_on->ok, 'which goes on with the one that replaced it') or diag($went_on->describe);
$site->write_conf(%{ repository($bucket, lock => 'compliance') });

my @versions = $ceph->versions($bucket, 'erp/');
for my $kind (qw(pack set wal)) {
	my ($object) = grep { $_->{key} =~ m{/$kind/} } @versions;
	my $answer = $ceph->must('GET', "/$bucket/$object->{key}", query => { retention => '', versionId => $object->{version} });
	like($answer->{content}, qr{<Mode>COMPLIANCE</Mode><RetainUntilDate>20\d\d-}, "objects of kind $kind are locked");
	my $gone = $ceph->request('DELETE', "/$bucket/$object->{key}", query => { versionId => $object->{version} });
	is($gone->{status}, 403, "objects of kind $kind cannot be deleted");
}

# What says that there is a repository is locked, and with each set again.
sub lock_of {
	my ($object) = grep { $_->{key} eq 'erp/repository' } $ceph->versions($bucket, 'erp/repository');
	my $answer = $ceph->must('GET', "/$bucket/erp/repository", query => { retention => '', versionId => $object->{version} });
	return $answer->{content} =~ m{<Mode>COMPLIANCE</Mode><RetainUntilDate>(.*?)</};
}
my ($locked) = lock_of();
ok($locked, 'the object repository is locked');
$site->{sections}{'tier default'} = { retain => '60d' };
$site->write_conf(%{ repository($bucket, lock => 'compliance') });
$site->backup('a backup that is kept longer');
my ($longer) = lock_of();
cmp_ok($longer, 'gt', $locked, 'for as long as a set');

# What archive-get sees through is remembered as what others do.
my ($wal) = grep { m{/wal/00000001/$segment-} } map { $_->{key} } @versions;
$ceph->must('DELETE', "/$bucket/$wal");
my $seen = $site->tool_ok(['archive-get', '--service', 'erp-prod', $segment, $site->path('got')], 'a segment that was hidden comes');
like($seen->err, qr{/wal/00000001/$segment-\S+ is hidden behind a delete marker}, 'with a warning');
my $status = $site->tool_ok(['status', 'erp-prod'], 'status')->out;
like($status, qr/1 object was found hidden or replaced, last/, 'which status has, too');
like($status, qr/^ +protection +immutable: nobody can delete a locked version before its time$/m, 'and that nothing can be deleted');
@versions = $ceph->versions($bucket, 'erp/');

# What a run left that died long ago, and somebody meddled with: all of it goes, however many objects, by one request
# (there may be WAL of before the first set: that is locked).
my ($service) = map { $_->{key} =~ m{^(erp/[0-9a-f]{32})/set/} } @versions;
my @left = map { sprintf "%s/pack/20200101-0123456789abcdef/%02x/%02x%s", $service, $_, $_, '0' x 62 } 1 .. 30;
$ceph->must('PUT', "/$bucket/$_", body => 'left') for @left, $left[3], $left[3];
$ceph->must('DELETE', "/$bucket/$_") for @left[3, 7];
@asked = $ceph->requests_of(sub { $site->tool_ok(['expire', 'erp-prod'], 'expire') });
like(join(' ', map { /^(POST|DELETE) / ? $1 : () } grep { !m{/wal/} } @asked), qr/^POST(?: POST)?$/, 'deletes by one request') or diag(join "\n", @asked);
is(scalar $ceph->versions($bucket, 'erp/'), scalar @versions, 'with versions and markers, and what is kept is kept');

# What goes wrong, told and with its status.
sub fails {
	my ($keys, $status, $message, $name) = @_;
	$site->write_conf(%{ repository($bucket, %$keys) });
	my $result = $site->tool_fails(['init', 'erp-prod', '--single-recipient'], $status, $message, "init: $name");
	unlike($result->err, qr/testsecret|nonsense/, "init: $name: no secret is told");
	$site->tool_fails(['archive-get', '--service', 'erp-prod', '000000010000000000000099', $site->path('wal')], 126, qr/./,
		"archive-get: $name is not absence");
}

$site->{sections}{odrbackup} = { 'archive-get-timeout' => '1s' };
my $wrong = $ceph->credentials(work_path('wrong'), secret => 'nonsense');
my $unknown = $ceph->credentials(work_path('unknown'), access => 'nobody');
my $open = $ceph->credentials(work_path('open'));
chmod 0644, $open;
fails({ credentials => $wrong }, 12, qr/SignatureDoesNotMatch.*secret key is not the one/, 'a wrong secret');
fails({ credentials => $unknown }, 12, qr/InvalidAccessKeyId/, 'an unknown access key');
fails({ credentials => work_path('nowhere') }, 12, qr/cannot read the credentials/, 'no credentials');
fails({ credentials => $open }, 12, qr/cannot read the credentials: .*open/, 'credentials that everybody can read');
fails({ bucket => 'no-such-bucket', lock => undef }, 10, qr/NoSuchBucket: the bucket does not exist/, 'a missing bucket');
fails({ endpoint => 'http://127.0.0.1:1', lock => undef, 'retry-for' => '1s' }, 10, qr/127\.0\.0\.1 port 1/, 'an endpoint where nobody listens');
fails({ endpoint => $ceph->tls_endpoint }, 12, qr/localhost:\d+ is not who it claims to be, by the certificates of this system: .*certificate/, 'a certificate that is not trusted');
fails({ bucket => $unlocked }, 6, qr/lock=compliance, but bucket versioned has no Object Lock: nothing would be immutable/,
	'a lock on a bucket without');

# The older digest, for stores that demand it.
$site->write_conf(%{ repository($bucket, lock => 'compliance', prefix => 'older', checksum => 'md5') });
$site->tool_ok(['init', 'erp-prod', '--single-recipient'], 'init: checksum=md5');

# Regions: requests are signed for the one that is set, which this store takes as it comes, and others do not.
my $proxy = Odr::Proxy->start($ceph->endpoint);
my $elsewhere = write_file(work_path('elsewhere'), '<Error><Code>AuthorizationHeaderMalformed</Code><Message>expecting eu-central-1</Message>'
	. '<Region>eu-central-1</Region></Error>', 0644);
$site->write_conf(%{ repository($unlocked, lock => undef, endpoint => $proxy->endpoint, region => 'eu-central-1') });
$site->tool_ok(['init', 'erp-prod', '--single-recipient'], 'init: a region');
$proxy->rules("* * * answer 400 $elsewhere");
fails({ bucket => $unlocked, lock => undef, endpoint => $proxy->endpoint }, 2,
	qr/AuthorizationHeaderMalformed .expecting eu-central-1., region eu-central-1: set region= to the bucket's/, 'another region');

$site->write_conf(%{ repository($bucket, lock => 'compliance', endpoint => $ceph->tls_endpoint, 'ca-file' => $ceph->ca_file) });
$site->tool_fails(['archive-get', '--service', 'erp-prod', '000000010000000000000099', $site->path('wal')], 1, qr/^/,
	'absence that is proven has status 1, over TLS');

done_testing();
