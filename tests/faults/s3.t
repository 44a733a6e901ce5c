#!/usr/bin/perl
# Every request to an S3 store is answered wrongly, late or not at all in its turn. What passes is waited out; what lasts is told
# with the object it is about, by its status, without a storm of requests. What is listed restores; what archive-get cannot tell
# is not absence.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Ceph;
use Odr::Faults;
use Odr::Proxy;
use Odr::Tool;
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $bucket = $ceph->make_bucket('faults', versions => 1);
my $proxy = Odr::Proxy->start($ceph->endpoint);
my %repository = (type => 's3', path => undef, endpoint => $proxy->endpoint, bucket => $bucket, prefix => 'erp',
	credentials => $ceph->credentials(work_path('credentials')));
my %tool = ('archive-get-batch' => 0, 'archive-push-batch' => 0);
my $site = small_site(sections => { 'repository main' => \%repository, odrbackup => \%tool });
my $cluster = $site->cluster;
my $promise = Odr::Faults->new($site, stored => sub { my %key = map { $_->{key} => 1 } $ceph->versions($bucket, 'erp/'); keys %key });
my $verifier = $cluster->tool_path('pg_verifybackup');

# What passes is waited for, even if the server's archiver rests for a minute after it failed three times.
my @patience;
sub write_patience {
	my ($silence, $lasts) = @_;
	my ($time, $get_time) = @patience;
	return $site->write_conf('repository main' => { %repository, 'retry-for' => $time, 'silence-timeout' => $silence },
		odrbackup => { %tool, 'archive-get-timeout' => $get_time, 'archive-check-timeout' => $lasts ? '5s' : '90s' });
}
sub retry_for { @patience = @_; return write_patience('10s') }

retry_for('10s', '10s');
$site->backup('a first backup');
my $segment = $cluster->archive_now;
my $right = $site->path('right');
ok($site->tool('archive-get', '--service', $site->service, $segment, $right)->ok, 'a segment to get');
my $got = $site->path('got');
my $restores = 0;

# What is done over the store. Each tells what came of it; done: nothing is missing where it said success.
my $absent = '0000000100000009000000AA';
sub forget { unlink glob $site->path('state', '*', 'store-*') }
sub get_file {
	my ($file) = @_;
	unlink $got;
	return $site->tool('archive-get', '--service', $site->service, $file, $got);
}
my %act = (
	backup => { run => sub { $site->tool($site->backup_arguments) }, done => sub { 1 }, status => [0] },
	restore => {
		run => sub {
			my $dir = $site->path('restore-' . ++$restores);
			my $result = $site->tool($site->restore_arguments($dir, '--type', 'immediate', '--verify-with', $verifier));
			$act::started = -e "$dir/global/pg_control";
			run_program(['rm', '-rf', $dir]);
			return $result;
		},
		done => sub { my ($good) = @_; return !!$good == !!$act::started },
		status => [0],
	},
	'archive-get' => {
		run => sub { get_file($segment) },
		done => sub { my ($good) = @_; return $good ? read_file($got) eq read_file($right) : !-e $got },
		status => [0],
	},
	'archive-get of what is absent' => { run => sub { get_file($absent) }, done => sub { !-e $got }, status => [1] },
	'archive-get on a new host' => {
		# What the bucket is was not asked yet.
		run => sub { forget(); get_file($absent) },
		done => sub { !-e $got },
		status => [1],
	},
	'archive-push' => {
		# As after the state was lost.
		run => sub {
			my ($journal) = glob $site->path('state', '*', 'wal');
			forget();
			rename $journal, "$journal.away" or die "no journal\n";
			my $result = $site->tool('archive-push', '--service', $site->service, "pg_wal/$segment", { cwd => $cluster->pgdata });
			run_program(['rm', '-rf', $journal]);
			rename "$journal.away", $journal;
			return $result;
		},
		done => sub { 1 },
		status => [0],
	},
	'catalog rebuild' => { run => sub { $site->tool('catalog', 'rebuild', $site->service) }, done => sub { 1 }, status => [0] },
	expire => { run => sub { $site->tool('expire', $site->service) }, done => sub { 1 }, status => [0] },
);
my %targets = (
	backup => [qw(*/repository */wal/* */pack/* */table/* */set/*)],
	restore => [qw(*/repository *prefix=*set* */set/* *prefix=*wal* */table/* */pack/*)],
	'archive-get' => [qw(*versions=* */wal/*)],
	'archive-get of what is absent' => [qw(*/repository *versions=*)],
	'archive-get on a new host' => [qw(*versioning=* *versions=* */repository)],
	'archive-push' => [qw(*/repository */wal/*)],
	'catalog rebuild' => [qw(*/repository *prefix=*set* */set/* *prefix=*wal*)],
	expire => [qw(*prefix=*set* */set/* *prefix=*pack* *prefix=*table* *prefix=*wal*)],
);

sub asks {
	my ($name) = @_;
	$proxy->rules;
	my $result = $act{$name}{run}->();
	is($result->status, $act{$name}{status}[0], "$name: without faults") or diag $result->describe;
	my @asked = $proxy->asked;
	$act{$name}{asked} = [map { $_->{target} } @asked];
	return scalar @asked;
}

sub failed_well {
	my ($name, $result) = @_;
	return $name =~ /archive-get/ ? $result->status == 126
	  : grep { $result->status == $_ } $name eq 'archive-push' ? 1 .. 125 : (2, 3, 6, 10, 12, 13, 75);
}

my ($service) = map { $_->{key} =~ m{^erp/([0-9a-f]{32})/set/} } $ceph->versions($bucket, 'erp/');
my @left = map { "erp/$service/pack/20200101-0123456789abcdef/$_/$_" . '0' x 62 } qw(0a 0b 0c);

# A message about a request names the object, the folder that was listed, or the bucket.
sub named {
	my ($result, $target) = @_;
	my ($path, $query) = split /\?/, $target;
	return index($result->err, $left[0] =~ s/^erp\///r) >= 0 if $query && $query eq 'delete=';
	my ($prefix) = ($query // '') =~ /prefix=([^&]*)/;
	my $name = defined $prefix ? $prefix =~ s/%2F/\//gr : $path eq "/$bucket/" ? $bucket : $path;
	my ($last) = $name =~ m{([^/]+/?)$};
	$last = substr $last, 0, 24 if $name =~ m{/wal/.*/};
	return index($result->err, $last) >= 0;
}

# What came too much of one answer may show only before the next one on that connection: then the message names what was asked
# for there, and says that the one before it was at fault. It may have ended before the proxy knew of it.
sub named_after {
	my ($name, $result) = @_;
	return $result->err =~ /the server's answer before this one/ && grep { named($result, $_) } @{ $act{$name}{asked} };
}

# What is wrong with a run that met a fault. lasts: it may fail, but well.
sub wrong_with {
	my ($name, $result, $asked, %option) = @_;
	my @met = map { $_->{target} } grep { $_->{fault} ne '-' } @$asked;
	my $good = grep { $result->status == $_ } @{ $act{$name}{status} };
	my $most = $act{$name}{requests} + ($option{lasts} ? 30 : 4);
	return (
		@met ? () : 'no request met the fault',
		$result->died_of ? 'it died' : (),
		$good || $option{lasts} ? () : 'it did not succeed',
		$good || failed_well($name, $result) ? () : 'the status is none for this',
		$good || grep({ named($result, $_) } @met) || named_after($name, $result) ? () : "the message names none of @met",
		$act{$name}{done}->($good) ? () : 'what was done is not what was said',
		@$asked <= $most ? () : 'requests: ' . @$asked . ", usually $act{$name}{requests}",
	);
}

# One run with one rule.
sub meets {
	my ($name, $rule, %option) = @_;
	# Where silence is what is met, it is not waited for long; else a machine that is busy is not taken for it.
	write_patience($rule =~ /stall|announce|header/ ? '1s' : '10s', $option{lasts});
	$proxy->rules($rule);
	my $result = $act{$name}{run}->();
	my @asked = $proxy->asked;
	return if $option{maybe} && !grep { $_->{fault} ne '-' } @asked;
	my @wrong = wrong_with($name, $result, \@asked, %option);
	my $shown = $rule =~ s{ /\S*/}{ }r;
	ok(!@wrong, "$name: $shown") or diag join("\n", @wrong) . "\n" . $result->describe;
	return 1;
}

# What is asked for once more is answered.
my @passing = (
	qw(reset-before stall-before reset-sending stall-sending reset-after stall-after reset-within close-within stall-within flip-sent),
	'announce 10', 'drip 20000', 'delay 500', 'status 500 InternalError', 'status-after 500 InternalError', 'status 502',
	'status 503 SlowDown Retry-After:1', 'status 504', 'status 429 TooManyRequests', 'status 400 RequestTimeout',
	'status 403 ExpiredToken', 'status 400 InvalidToken', 'status 403 RequestTimeTooSkewed',
);

# What is answered so each time.
my $html = write_file(work_path('html'), '<html><body>Please log in</body></html>');
my $error = write_file(work_path('error'), '<?xml version="1.0"?><Error><Code>InternalError</Code></Error>');
my $huge = write_file(work_path('huge'), '<?xml version="1.0"?><ListBucketResult>' . '<Contents>' x 3_000_000);
my $empty = write_file(work_path('empty'), '');
my $endless = write_file(work_path('endless'),
	'<?xml version="1.0"?><ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>x</NextKeyMarker></ListVersionsResult>');
my @lasting = (
	'status 500 InternalError', 'status 503 SlowDown Retry-After:600', 'status 403 AccessDenied', 'status 404 NoSuchBucket', 'status 404',
	'status 301 PermanentRedirect Location:http://127.0.0.1:1/', 'status 307 TemporaryRedirect Location:http://127.0.0.1:1/', 'status 418',
	'status 403 ExpiredToken', 'status 403 RequestTimeTooSkewed', "answer 200 $html", "answer 200 $error", "answer 200 $huge", "answer 200 $empty",
	"answer 200 $endless", 'flip', 'cut 1', 'more 1', 'double', 'announce 1', 'announce -1', 'header Content-Length:-5', 'reset-before', 'reset-after',
	'stall-after', 'flip-sent',
);

# Backups come last: with each of them there is more to read.
for my $name ((sort grep { $_ ne 'backup' } keys %act), 'backup') {
	$act{$name}{requests} = asks($name);
	my @targets = @{ $targets{$name} };

	subtest "$name: every request in turn" => sub {
		for my $fault ('reset-within', full_run() || $name ne 'restore' ? 'status-after 500 InternalError' : ()) {
			my $k = 1;
			$k++ while meets($name, "* * $k $fault", maybe => 1);
			cmp_ok($k, '>', $act{$name}{requests} - 2, "$fault: every request was met");
		}
	};

	# Each kind of request meets each fault; in a short run some do, in turn.
	my $turn = 0;
	my $each = sub {
		my ($faults, %option) = @_;
		my $all = full_run() || $name =~ /archive/ && $option{lasts};
		for my $fault (@$faults) {
			meets($name, "* $_ $option{numbers} $fault", %option) for $all ? @targets : $targets[ $turn++ % @targets ];
		}
	};
	subtest "$name: trouble that passes" => sub { $each->(\@passing, numbers => 1) };
	subtest "$name: trouble that lasts" => sub {
		retry_for('0s', '0s');
		$each->(\@lasting, numbers => '*', lasts => 1);
		retry_for('1s', '2s');
		meets($name, '* * * status 500 InternalError', lasts => 1);
		retry_for('10s', '10s');
	};
}

# What a run left that died long ago goes in one request, of which some objects may fail.
my $expire = $act{expire}{run};
my ($internal, $refused) = map { work_path("each-$_") } qw(InternalError AccessDenied);
sub versions_left { return grep { my $key = $_->{key}; grep { $_ eq $key } @left } $ceph->versions($bucket, 'erp/') }

# What a server says of each of them that it has not deleted.
sub write_refusals {
	for my $code (qw(InternalError AccessDenied)) {
		my @results = map { "<Error><Key>$_->{key}</Key><VersionId>$_->{version}</VersionId><Code>$code</Code></Error>" } versions_left();
		write_file(work_path("each-$code"), "<DeleteResult>@results</DeleteResult>");
	}
}
# The gateway answers a PUT with NoSuchKey while it still deletes what had that name: a fault may have cut that request off.
sub put_left {
	my ($key) = @_;
	my $answer;
	poll_until("$key is put", sub { ($answer = $ceph->request('PUT', "/$bucket/$key", body => 'left'))->{success} }, 30,
		sub { "$answer->{status} $answer->{content}" });
}
$act{'expire of several'} = {
	run => sub { put_left($_) for @left; write_refusals(); return $expire->() },
	done => sub { my ($good) = @_; return !$good || !versions_left() },
	status => [0],
};
subtest 'several are deleted at once' => sub {
	my $name = 'expire of several';
	$act{$name}{requests} = asks($name);
	is(scalar(grep { $_->{target} =~ /delete=/ } $proxy->asked), 1, 'one request deletes them');
	ok(!versions_left(), 'they are gone');
	for my $fault (qw(reset-before reset-sending reset-after reset-within close-within stall-after flip-sent), 'announce 10',
		'status 500 InternalError', 'status-after 500 InternalError', 'status 503 SlowDown', 'status 501 NotImplemented',
		'status 403 AccessDenied', "answer 200 $internal") {
		meets($name, "POST *delete=* 1 $fault");
	}
	retry_for('0s', '0s');
	for my $fault (qw(reset-after stall-after), 'status 500 InternalError', 'status 503 SlowDown', "answer 200 $html", "answer 200 $error",
		"answer 200 $empty", 'cut 20', 'double', 'more 1', 'status 404 NoSuchBucket') {
		meets($name, "POST *delete=* * $fault", lasts => 1);
	}
	$proxy->rules("POST *delete=* * answer 200 $refused");
	my $kept = $act{$name}{run}->();
	is($kept->status, 3, 'what the store refuses stays, and is no success') or diag $kept->describe;
	my %told = map { $_ => 1 } $kept->err =~ m{cannot delete '(\S+)' of .*: AccessDenied}g;
	is_deeply(\%told, { map { s/^erp\///r => 1 } @left }, 'each of them is named') or diag $kept->describe;
	retry_for('10s', '10s');
	$proxy->rules;
	ok($expire->()->ok && !versions_left(), 'what was refused goes as soon as it may');
};

$proxy->rules;
$site->backup('a backup after all that');
$site->tool_ok(['check', $site->service, '--repository-scan'], 'everything that the sets need is there, and opens');
$promise->ok_sets('after all faults', start => 1, every => every(10));
$promise->ok_chain('after all faults');
$promise->ok_no_session('after all faults');

done_testing;
