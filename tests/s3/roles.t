#!/usr/bin/perl
# The policies of contrib/s3, as a policy of a bucket of Ceph: with each role exactly its commands work, and what does
# not is refused with a reason.
use strict;
use warnings;
use lib 'tests/lib';

use JSON::PP ();
use Test::More;

use Odr::Ceph;
use Odr::Site;
use Odr::Work;

my %policy = map { $_ => JSON::PP->new->decode(read_file(source_path("contrib/s3/$_.json"))) }
	qw(writer restorer keeper drill bucket-policy);
my @statements;
for my $role (qw(writer restorer keeper drill)) {
	push @statements, map { { %$_, Principal => { AWS => uc $role } } } @{ $policy{$role}{Statement} };
}
is_deeply($policy{'bucket-policy'}{Statement}, \@statements, 'the policy of the bucket is that of the four roles');

my $ceph = Odr::Ceph->start;
my $bucket = $ceph->make_bucket('locked', lock => 1);
my $text = read_file(source_path('contrib/s3/bucket-policy.json')) =~ s/\bBUCKET\b/$bucket/gr =~ s/\bPREFIX\b/erp/gr;
my %credentials;
for my $role (qw(writer restorer keeper drill)) {
	my $user = $ceph->make_user($role);
	my $arn = "arn:aws:iam:::user/$user->{name}";
	$text =~ s/\b\U$role\E\b/$arn/g;
	$credentials{$role} = $ceph->credentials(work_path($role), %$user);
}
$ceph->must('PUT', "/$bucket", query => { policy => '' }, body => $text);

# One site, seen from three hosts: what differs is the credential, and which keys lie there.
my $site = Odr::Site->new(sections => { 'repository main' => { type => 's3', path => undef, endpoint => $ceph->endpoint, bucket => $bucket,
	prefix => 'erp', credentials => $credentials{writer}, lock => 'compliance', 'retry-for' => '5s' } });
$site->create;
my $keeper = $site->path('keeper');
$site->tool_ok(['key', 'endorse', $keeper, '--owner', $site->owner, '--role', 'keeper', '--recipient', $site->identity . '.pub'],
	'a bundle for the keeper');
my %keys = (writer => { identity => undef }, restorer => { 'writer-bundle' => undef }, drill => { 'writer-bundle' => undef },
	keeper => { identity => undef, 'writer-bundle' => $keeper });
my %states = map { $_ => new_dir($site->path("state-$_")) } qw(restorer keeper drill);

sub as {
	my ($role) = @_;
	$site->write_conf(odrbackup => { %{ $keys{$role} }, state => $states{$role} // $site->path('state') },
		'repository main' => { credentials => $credentials{$role} });
}

# The steps of a check, as "put read": those in this state.
sub in_state {
	my ($check, $state) = @_;
	return join ' ', map { $_->{step} } grep { $_->{state} eq $state } @{ $check->{repositories}[0]{steps} };
}

# Writer.
as('writer');
$site->tool_ok(['init', 'erp-prod', '--single-recipient'], 'writer: init');
$site->cluster->psql('CREATE TABLE invoice (id int); INSERT INTO invoice SELECT generate_series(1, 1000)');
$site->backup('writer: backup');
$site->backup('writer: a second backup');
my $marked = $site->tool('mark', 'erp-prod', 'before-upgrade', '--wait');
is($marked->status, 0, 'writer: mark') or diag($marked->describe);
like($marked->err, qr/whether repository main has a mark of this name cannot be seen with this credential/, 'writer: which says what it cannot see');
$site->tool_fails(['mark', 'erp-prod', 'before-upgrade'], 1, qr/there is a mark 'before-upgrade' already/, 'writer: its own marks it knows');
my $moment = $site->cluster->psql('SELECT now()');
$site->cluster->psql('INSERT INTO invoice VALUES (-1)');
$site->cluster->archive_now;
my $check = $site->tool('check', '--json', '--strict');
is($check->status, 0, 'writer: check passes') or diag($check->describe);
my $document = $check->json;
is($document->{repositories}[0]{role}, 'writer', 'a bundle without an identity makes a writer');
is(in_state($document, 'ok'), 'dns connection tls clock public credential bucket versions lock put read list delete retention',
	'writer: what it may not do is as it should be');
my %saw = map { $_->{step} => $_->{saw} } @{ $document->{repositories}[0]{steps} };
is($saw{$_}, 'refused, as it should be for a writer', "writer: may not $_") for qw(read list delete);
like($saw{retention}, qr/is locked by COMPLIANCE until/, 'writer: it reads the lock of its set back');
my %protected = map { $_->{code} => $_->{protected} } @{ $document->{repositories}[0]{protection} };
is_deeply([@protected{qw(host-reads host-deletes host-overwrites)}], ['yes', 'yes', 'yes'], 'a stolen writer does no harm');
like(join(' ', map { $_->{text} } @{ $document->{findings} }), qr/this host's credential may not list it; what follows is from the local catalog/,
	'writer: what is stored was not looked at, and that is said');
$site->tool_fails(['catalog', 'rebuild', 'erp-prod'], 6, qr/cannot list .* HTTP 403 AccessDenied: a policy or a lock forbids it/, 'writer: nothing is listed');
$site->tool_fails(['expire', 'erp-prod'], 6, qr/HTTP 403/, 'writer: expire is refused');
$site->write_conf('repository main' => { credentials => $credentials{writer} });
$site->tool_fails([$site->restore_arguments($site->path('stolen'), '--type', 'immediate')], 6, qr/HTTP 403/,
	'writer: with an identity restore is refused all the same');

# Restorer.
as('restorer');
my $copy = $site->recover('copy', '--type', 'time', '--target', $moment, '--target-action', 'promote');
is($copy->psql('SELECT count(*) FROM invoice'), '1000', 'restorer: a moment comes back');
$copy->stop('immediate');
is(scalar $site->set_ids, 2, 'restorer: list');
like($site->tool_ok(['list', '--marks'], 'restorer: list --marks')->out, qr/^before-upgrade\s/m, 'restorer: the mark is there');
like($site->tool_ok([$site->restore_arguments($site->path('marked'), '--plan', '--type', 'name', '--target', 'before-upgrade')],
	'restorer: the plan of the way to the mark')->out, qr/before-upgrade/, 'restorer: the mark can be reached');
$check = $site->tool('check', '--json', '--repository-scan');
is($check->status, 0, 'restorer: check reads every object') or diag($check->describe);
is(in_state($check->json, 'warning'), '', 'restorer: it has no right it need not have');
is($check->json->{repositories}[0]{role}, 'restorer', 'an identity without a bundle makes a restorer');
$site->tool_fails([$site->backup_arguments], 12, qr/has no writer bundle/, 'restorer: backup is refused');

# Drill: whoever brings moments back for it reads as a restorer does. What it puts is of evidence.t.
as('drill');
is(scalar $site->set_ids, 2, 'drill: list');
$site->tool_ok([$site->restore_arguments($site->path('drilled'), '--type', 'time', '--target', $moment)], 'drill: a restore');
$check = $site->tool('check', '--json');
is(in_state($check->json, 'bad') . in_state($check->json, 'warning'), '', 'drill: it has the rights of a restorer, and no more') or diag($check->describe);
my @before = $ceph->versions($bucket);

# Keeper.
as('keeper');
$check = $site->tool('check', '--json', '--prove-lock');
is(in_state($check->json, 'bad') . in_state($check->json, 'warning'), '', 'keeper: check finds nothing wrong') or diag($check->describe);
like($check->out, qr/proven: locked by COMPLIANCE/, 'keeper: it proves the locks');

# What a run left that died long ago. Ceph asks another right of whoever deletes several at once: then they go one by one.
my ($service) = map { $_->{key} =~ m{^(erp/[0-9a-f]{32})/set/} } @before;
$ceph->must('PUT', "/$bucket/$service/pack/20200101-0123456789abcdef/$_/$_" . '0' x 62, body => 'left') for qw(0a 0b);
$site->tool_ok(['expire', 'erp-prod'], 'keeper: expire');
is(scalar(grep { $_->{key} !~ m{/probe/} } $ceph->versions($bucket)), scalar(grep { $_->{key} !~ m{/probe/} } @before),
	'keeper: what is kept is kept');
$site->tool_fails([$site->backup_arguments], 12, qr/endorsed as keeper; this needs a writer's/, 'keeper: backup is refused');

done_testing();
