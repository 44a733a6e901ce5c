# A real Ceph RGW for one test, started in seconds and thrown away; and a small S3 client of the tests' own, so that
# what the tool stored is seen by other eyes.
#
#   my $ceph = Odr::Ceph->start;
#   $ceph->make_bucket('plain');
#   $ceph->make_bucket('locked', lock => 1);
#   my $writer = $ceph->make_user('writer');                                      # { name, access, secret }
#   $ceph->allow('locked', $writer, 's3:PutObject');                              # by a bucket policy, and nothing else
#   my @asked = $ceph->requests_of(sub { ... });                                  # 'PUT /locked/some/key'
#   my $answer = $ceph->request('GET', '/locked', query => { versions => '' });   # ->{status} ->{content} ->{headers}
package Odr::Ceph;

use strict;
use warnings;

use Digest::MD5 qw(md5_base64);
use Digest::SHA qw(hmac_sha256 hmac_sha256_hex sha256_hex);
use HTTP::Tiny ();
use IO::Socket::INET ();
use POSIX ();

use Odr::Work;

# Two ports of a block that is free now; the monitor and the daemons have theirs beside it.
sub _free_ports {
	for (1 .. 50) {
		my $base = 20000 + 200 * int rand 60;
		my @sockets = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $_) }
			$base, $base + 1, $base + 2, map { $base + 100 + $_ } 0 .. 9;
		return $base if 13 == grep { defined } @sockets;
	}
	die "no free ports\n";
}

# Options: store (memstore, bluestore), sts.
sub start {
	my ($class, %option) = @_;
	work_dir();
	for my $try (1 .. 3) {
		# Somebody else may have taken a port meanwhile.
		my $self = eval { $class->_at(_free_ports(), %option)->_begin };
		return $self if $self;
		die $@ if $try == 3;
	}
}

sub _at {
	my ($class, $base, %option) = @_;
	# Socket names below it are limited to 107 bytes.
	my $lab = socket_dir();
	return bless { lab => $lab, access => 'testkey', secret => 'testsecret', option => \%option,
		env => { S3_PORT => $base, S3S_PORT => $base + 1, MON_PORT => $base + 2,
			OSD_PORTS => join('-', $base + 100, $base + 199), STORE => $option{store} // 'memstore',
			STS => $option{sts} ? 'true' : 'false' } }, $class;
}

sub _begin {
	my ($self) = @_;
	Odr::Work::at_end(sub { $self->stop });
	return $self if eval { $self->_run('start') };
	my $why = $@;
	$self->stop;
	die $why;
}

sub _run {
	my ($self, $what, %env) = @_;
	my $program = run_program([source_path("tests/lib/ceph/$what"), $self->{lab}], user => $> == 0 ? 'root' : user_name(),
		env => { %{ $self->{env} }, %env }, timeout => 120);
	$program->ok or die "ceph/$what failed: " . $program->status . "\n" . $program->out . $program->err;
	return $self;
}

# As a crash: kill -9 of everything.
sub stop { return $_[0]->_run('stop') }

# With store => 'bluestore' objects and locks are still there.
sub restart { return $_[0]->_run('start', RESTART => 1) }

sub _gateway_pid {
	my ($self) = @_;
	my ($pid) = read_file("$self->{lab}/run/client.rgw.a.pid") =~ /(\d+)/;
	return $pid;
}

# The gateway alone dies: connections break in the middle of bodies.
sub kill_gateway {
	my ($self) = @_;
	my $pid = $self->_gateway_pid;
	kill 'KILL', $pid;
	poll_until('the gateway is gone', sub { !kill(0, $pid) || `ps -o stat= -p $pid` =~ /Z/ }, 10);
	return $self;
}

sub start_gateway {
	my ($self) = @_;
	my $program = run_program(['radosgw', '-n', 'client.rgw.a'], env => { CEPH_CONF => "$self->{lab}/ceph.conf" },
		user => $> == 0 ? 'root' : user_name());
	$program->ok or die "the gateway does not start:\n" . $program->err;
	poll_until('the gateway answers', sub { HTTP::Tiny->new(timeout => 5)->get($self->endpoint)->{status} < 599 }, 30);
	return $self;
}

# It keeps its connections and says nothing, until it may go on.
sub pause_gateway { kill 'STOP', $_[0]->_gateway_pid }
sub resume_gateway { kill 'CONT', $_[0]->_gateway_pid }

sub endpoint { return "http://127.0.0.1:$_[0]{env}{S3_PORT}" }
sub tls_endpoint { return "https://localhost:$_[0]{env}{S3S_PORT}" }
sub ca_file { return "$_[0]{lab}/cert.pem" }

# A file with credentials, as the tool reads it.
sub credentials {
	my ($self, $path, %keys) = @_;
	return write_file($path, sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
		$keys{access} // $self->{access}, $keys{secret} // $self->{secret}), 0600);
}

sub _admin {
	my ($self, @command) = @_;
	my $program = run_program([@command], env => { CEPH_CONF => "$self->{lab}/ceph.conf" },
		user => $> == 0 ? 'root' : user_name(), timeout => 60);
	$program->ok or die "@command:\n" . $program->out . $program->err;
	return $program->out;
}

# Somebody who may do nothing yet. The keys serve as options of credentials and request.
sub make_user {
	my ($self, $name) = @_;
	my %user = (name => $name, access => "$name-key", secret => "$name-secret");
	$self->_admin('radosgw-admin', 'user', 'create', "--uid=$name", "--display-name=$name",
		"--access-key=$user{access}", "--secret-key=$user{secret}");
	return \%user;
}

# Further keys of the owner of the buckets; as make_user gives them.
sub add_key {
	my ($self, $name) = @_;
	my %key = (access => "$name-key", secret => "$name-secret");
	$self->_admin('radosgw-admin', 'key', 'create', '--uid=test', '--key-type=s3', "--access-key=$key{access}", "--secret-key=$key{secret}");
	return \%key;
}

sub remove_key {
	my ($self, $key) = @_;
	$self->_admin('radosgw-admin', 'key', 'rm', '--uid=test', '--key-type=s3', "--access-key=$key->{access}");
	return $self;
}

# Pairs of a user and what that one may do in the bucket: the whole policy, which replaces the one before. The owner of
# the bucket may do everything: without that, not read what others put.
sub allow {
	my ($self, $bucket, @grants) = @_;
	my @statements;
	push @grants, { name => 'test' }, 's3:*';
	while (my ($user, $actions) = splice @grants, 0, 2) {
		push @statements, sprintf '{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/%s"]},"Action":[%s],'
			. '"Resource":["arn:aws:s3:::%s","arn:aws:s3:::%s/*"]}', $user->{name},
			join(',', map { qq("$_") } ref $actions ? @$actions : $actions), $bucket, $bucket;
	}
	$self->must('PUT', "/$bucket", query => { policy => '' },
		body => sprintf '{"Version":"2012-10-17","Statement":[%s]}', join ',', @statements);
	return $self;
}

# What the gateway was asked meanwhile: "PUT /bucket/key?query", in the order of the answers.
sub requests_of {
	my ($self, $code) = @_;
	my $log = "$self->{lab}/log/client.rgw.a.log";
	my $daemon = "$self->{lab}/run/client.rgw.a.asok";
	$self->_admin('ceph', '--admin-daemon', $daemon, 'config', 'set', 'debug_rgw', '1/5');
	my $before = -s $log;
	$code->();
	my $mark = 'GET /mark-' . ++$self->{marks};
	$self->request('GET', "/mark-$self->{marks}");
	my @asked;
	poll_until('the gateway has logged what it was asked', sub {
		open my $file, '<', $log or die "$log: $!\n";
		seek $file, $before, 0;
		@asked = map { /"([A-Z]+ \S+) HTTP/ ? $1 : () } grep { /beast: / } <$file>;
		close $file;
		return grep { $_ eq $mark } @asked;
	});
	$self->_admin('ceph', '--admin-daemon', $daemon, 'config', 'set', 'debug_rgw', '0/5');
	return grep { $_ ne $mark } @asked;
}

sub _encode {
	my ($text, $keep) = @_;
	$text =~ s{([^A-Za-z0-9_.~$keep-])}{sprintf '%%%02X', ord $1}ge;
	return $text;
}

# Options: query, headers (hashes), body, access, secret, token.
sub request {
	my ($self, $method, $path, %option) = @_;
	my $body = $option{body} // '';
	my $time = POSIX::strftime('%Y%m%dT%H%M%SZ', gmtime);
	my $day = substr $time, 0, 8;
	my $host = "127.0.0.1:$self->{env}{S3_PORT}";
	my %query = %{ $option{query} // {} };
	my $query = join '&', map { _encode($_, '') . '=' . _encode($query{$_}, '') } sort keys %query;
	my %header = (%{ $option{headers} // {} }, 'x-amz-date' => $time, 'x-amz-content-sha256' => sha256_hex($body));
	$header{'content-md5'} = md5_base64($body) . '==' if length $body;
	$header{'x-amz-security-token'} = $option{token} if defined $option{token};
	my %signed = (%header, host => $host);
	my $names = join ';', sort keys %signed;
	my $url = _encode($path, '/');
	my $canonical = join "\n", $method, $url, $query, (map { "$_:$signed{$_}" } sort keys %signed), '', $names,
		sha256_hex($body);
	my $scope = "$day/us-east-1/s3/aws4_request";
	my $key = 'AWS4' . ($option{secret} // $self->{secret});
	$key = hmac_sha256($_, $key) for $day, 'us-east-1', 's3', 'aws4_request';
	my $signature = hmac_sha256_hex(join("\n", 'AWS4-HMAC-SHA256', $time, $scope, sha256_hex($canonical)), $key);
	$header{authorization} = sprintf 'AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s',
		$option{access} // $self->{access}, $scope, $names, $signature;
	return HTTP::Tiny->new(timeout => 60)->request($method, "http://$host$url" . (length $query ? "?$query" : ''),
		{ headers => \%header, content => $body });
}

sub must {
	my ($self, @arguments) = @_;
	my $answer = $self->request(@arguments);
	$answer->{success} or die "$arguments[0] $arguments[1]: $answer->{status} $answer->{content}\n";
	return $answer;
}

# Options: lock, versions.
sub make_bucket {
	my ($self, $name, %option) = @_;
	$self->must('PUT', "/$name", headers => $option{lock} ? { 'x-amz-bucket-object-lock-enabled' => 'true' } : {});
	$self->must('PUT', "/$name", query => { versioning => '' }, body =>
		'<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>') if $option{versions};
	return $name;
}

# Every version in a bucket: { key, version, marker, latest }, newest first per key.
sub versions {
	my ($self, $bucket, $prefix) = @_;
	my @all;
	my %next;
	while (1) {
		my $xml = $self->must('GET', "/$bucket", query => { versions => '', prefix => $prefix // '', %next })->{content};
		while ($xml =~ m{<(Version|DeleteMarker)>(.*?)</\1>}sg) {
			my ($kind, $entry) = ($1, $2);
			my ($key) = $entry =~ m{<Key>(.*?)</Key>};
			my ($version) = $entry =~ m{<VersionId>(.*?)</VersionId>};
			push @all, { key => $key, version => $version, marker => $kind eq 'DeleteMarker',
				latest => scalar($entry =~ m{<IsLatest>true}) };
		}
		last unless $xml =~ m{<IsTruncated>true};
		%next = ('key-marker' => $xml =~ m{<NextKeyMarker>(.*?)</}, 'version-id-marker' => $xml =~ m{<NextVersionIdMarker>(.*?)</});
	}
	return @all;
}

1;
