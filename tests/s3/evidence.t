#!/usr/bin/perl
# Evidence in a bucket that locks: with the drill's credential records, receipts and checkpoints are put there, and each lock is
# read back; a thief with that credential, and one with the account's, cannot take anything away, and what they do is found. So
# is what was removed on the host, whatever else was removed there with it.
use strict;
use warnings;
use lib 'tests/lib';

use File::Path ();
use JSON::PP ();
use POSIX ();
use Test::More;

use Odr::Ceph;
use Odr::Tool;
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $bucket = $ceph->make_bucket('locked', lock => 1);
my %user = map { $_ => $ceph->make_user($_) } qw(writer restorer keeper drill);
my $policy = read_file(source_path('contrib/s3/bucket-policy.json')) =~ s/\bBUCKET\b/$bucket/gr =~ s/\bPREFIX\b/erp/gr;
$policy =~ s{\b\U$_\E\b}{arn:aws:iam:::user/$_}g for keys %user;
$ceph->must('PUT', "/$bucket", query => { policy => '' }, body => $policy);
my %credentials = map { $_ => $ceph->credentials(work_path($_), %{ $user{$_} }) } keys %user;

my $site = new_dir(work_path('site'));
my ($state, $conf) = ("$site/state", "$site/odrbackup.conf");
my $maker = "$ENV{ODR_BUILD}/tests/drill/make_evidence";

sub as {
	my ($credential, %other) = @_;
	my %repository = (type => 's3', endpoint => $ceph->endpoint, bucket => $bucket, prefix => 'erp', credentials => $credential,
		lock => 'compliance', 'retry-for' => '5s', %other);
	write_file($conf, "[odrbackup]\nstate=$state\nspool=$site/spool\n[repository main]\n" . join('', map { "$_=$repository{$_}\n" } sort keys %repository)
		. "[service erp]\nrepositories=main\npostgres=none\nconfig=none\nwriter-bundle=$site/writer\nidentity=$site/identity\nevidence-key=$site/evidence\n");
}
sub site_ok { return tool_ok(['-c', $conf, @_], "@_") }
sub site { return tool('-c', $conf, @_) }

sub drill { my ($method, $key, %option) = @_; return $ceph->request($method, "/$bucket/$key", access => $user{drill}{access}, secret => $user{drill}{secret}, %option) }

# "code" => [subjects], of what verification finds; its exit status.
sub found {
	my $result = site('evidence', 'verify', 'erp', '--stored', '--json');
	my $document = decode_json((split /\n/, $result->out)[0] // die $result->describe);
	my %found;
	push @{ $found{ $_->{code} } }, $_->{run} // 'audit.log' for @{ $document->{findings} };
	return ($result->status, \%found);
}

tool_ok([qw(key new owner), "$site/owner", qw(--service erp --unprotected)], 'an owner key');
tool_ok([qw(key new identity), "$site/identity", '--owner', "$site/owner", '--unprotected'], 'an identity');
tool_ok([qw(key endorse), "$site/writer", '--owner', "$site/owner", qw(--role writer --recipient), "$site/identity.pub"], 'a bundle');
tool_ok([qw(key new evidence), "$site/evidence", '--owner', "$site/owner", '--unprotected'], 'an evidence key');
as($credentials{writer});
site_ok('init', '--single-recipient');

# ---- put by the drill ------------------------------------------------------------------------------

as($credentials{drill});
sub in_seven_years { return POSIX::strftime('%Y-%m-%d', gmtime(time + 7 * 365 * 86400)) }
my @days = in_seven_years();
site_ok('audit', 'checkpoint') for 1, 2;
my $made = run_program([$maker, 'runs', $state, "$site/evidence", join(' ', $ceph->endpoint, $bucket, 'erp', $credentials{drill}), 0, 2], timeout => 120);
is($made->status, 0, 'two drills') or diag $made->err;
my ($status, $found) = found();
is($status, 0, 'all of it holds') or diag explain $found;
is_deeply($found, {}, 'and nothing is unlocked');

my @stored = grep { m{/(?:evidence|audit)/} } map { $_->{key} } $ceph->versions($bucket, 'erp/');
my @receipts = (glob("$state/audit/*.receipt.json"), glob("$state/evidence/*/receipt.json"));
my %receipt = map { my $path = $_; map { $_->{name} => $_ } @{ decode_json(read_file($path))->{objects} } } @receipts;
sub retention {
	my ($key, $version) = @_;
	my $answer = drill('GET', $key, query => { retention => '', versionId => $version });
	return $answer->{content} =~ m{<Mode>(\w+)</Mode><RetainUntilDate>([^<]+)} ? (lc $1, $2) : ('none', $answer->{status});
}
my @differ = grep {
	my ($mode, $until) = retention("erp/$_", $receipt{$_}{version});
	my $lock = $receipt{$_}{lock} // {};
	($lock->{mode} // '') ne $mode || substr($lock->{until} // '', 0, 19) ne substr($until, 0, 19);
} sort keys %receipt;
is_deeply(\@differ, [], 'every receipt says how the store locked, in its words');
is(scalar(grep { $_->{stored_at} !~ /^20/ } values %receipt), 0, 'and when it had it');
# Midnight may have passed meanwhile.
my $in_seven_years = join '|', @days, in_seven_years();
like($receipt{$_}{lock}{until}, qr/^(?:$in_seven_years)/, "a checkpoint is locked for seven years: $_")
	for grep { m{/audit/[^.]+\.json$} } sort keys %receipt;

# ---- a thief with its credential -------------------------------------------------------------------

sub statuses { my %seen; $seen{ $_->{status} }++ for @_; return join ' ', sort keys %seen }

my @versions = grep { $_->{key} =~ m{/(?:evidence|audit)/} } $ceph->versions($bucket, 'erp/');
my $soon = '<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>' . POSIX::strftime('%Y-%m-%dT00:00:00Z', gmtime(time + 3 * 3600)) . '</RetainUntilDate></Retention>';
is(statuses(map { drill('DELETE', $_->{key}) } @versions), '403', 'nothing is hidden');
is(statuses(map { drill('DELETE', $_->{key}, query => { versionId => $_->{version} }) } @versions), '403', 'nothing is deleted');
unlike(statuses(map { drill('PUT', $_->{key}, query => { retention => '', versionId => $_->{version} }, body => $soon) } @versions), qr/2\d\d/, 'no lock is shortened');
my ($service) = $versions[0]{key} =~ m{^(erp/[0-9a-f]{32})/};
is(drill('PUT', "$service/$_", body => 'junk')->{status}, 403, "nothing is put as $_") for qw(set/20260101T000000Z-00000000 pack/a/b wal/1/x repository);
my ($record) = grep { m{/evidence/.*/record\.json$} } @stored;
my ($run) = $record =~ m{/evidence/([^/]+)/};
is(drill('PUT', $record, body => '{"outcome":"pass"}')->{status}, 200, 'but a record is overwritten');
($status, $found) = found();
is($status, 13, 'which is found');
is_deeply($found, { 'object-replaced' => [$run] }, 'and nothing is lost by it') or diag explain $found;

# ---- one with the account's ------------------------------------------------------------------------

my %line = map { m{/audit/([^.]+)\.json$} ? ($1 => decode_json(read_file("$state/audit/$1.json"))->{seq}) : () } @stored;
my ($checkpoint) = sort { $line{$b} <=> $line{$a} } keys %line;
is($ceph->request('DELETE', "/$bucket/$service/audit/$checkpoint.json")->{status}, 204, 'a checkpoint is hidden');
($status, $found) = found();
is_deeply([$status, $found], [13, { 'object-replaced' => [$checkpoint, $run] }], 'which is found, too') or diag explain $found;

# ---- whoever has the host --------------------------------------------------------------------------

# Drills are made to disappear: their folders, all that the chain and the catalog have of them, and a checkpoint.
my @runs = sort map { m{/evidence/([^/]+)/record.json$} } glob "$state/evidence/*/record.json";
my ($first_line) = split /^/, read_file("$state/audit.log");
write_file("$state/audit.log", $first_line);
unlink glob("$state/catalog.db*"), glob("$state/audit/$checkpoint.*");
File::Path::remove_tree("$state/evidence");
is(site('audit', 'verify')->status, 0, 'nothing on the host tells of it');
($status, $found) = found();
is($status, 13, 'the repository does');
is_deeply($found->{'record-missing'}, \@runs, 'of the drills');
is_deeply($found->{'chain-truncated'}, [$checkpoint], 'and of the lines that were cut off');
my $verify = site('evidence', 'verify', 'erp', '--stored');
like($verify->out, qr/^error  \Q$runs[1]\E  record-missing  repository main has a record of it, signed by a key of evidence and stored 20/m, 'in words') or diag $verify->describe;

# ---- where it cannot be proven ---------------------------------------------------------------------

my $blind = $ceph->make_user('blind');
my $blind_credentials = $ceph->credentials(work_path('blind'), %$blind);
$ceph->make_bucket('other', lock => 1);
# Who puts an object may see all of it on Ceph, if nothing denies that.
$ceph->must('PUT', '/other', query => { policy => '' }, body => JSON::PP->new->encode({ Version => '2012-10-17', Statement => [
	map { { Effect => $_->[0], Principal => { AWS => "arn:aws:iam:::user/$_->[1]" }, Action => $_->[2],
		Resource => ['arn:aws:s3:::other', 'arn:aws:s3:::other/*'] } }
	['Allow', 'blind', 's3:*'], ['Deny', 'blind', 's3:GetObjectRetention'], ['Allow', 'writer', 's3:*']] }));
as($credentials{writer}, bucket => 'other');
site_ok('init', '--single-recipient');
as($blind_credentials, bucket => 'other');
my $refused = site('audit', 'checkpoint');
is($refused->status, 6, 'a lock that cannot be read back does not count') or diag $refused->describe;
like($refused->err, qr/is stored, but that it is locked until 20\S+ could not be read back: .*The credential needs s3:GetObjectRetention/, 'which is said');
$ceph->make_bucket('plain', versions => 1);
as($ceph->credentials(work_path('own')), bucket => 'plain', lock => 'none');
site_ok('init', '--single-recipient');
site_ok('audit', 'checkpoint');
like(join(' ', map { read_file($_) } glob "$state/audit/*.receipt.json"), qr/"lock": null/, 'without locks the receipt says so');

done_testing();
