# Who a pod is: an issuer of identity tokens whom a Ceph with STS trusts, and a role that its tokens may assume. The
# sessions are real, and really end.
#
#   my $identity = Odr::Identity->new($ceph);                 # Odr::Ceph->start(sts => 1)
#   write_file($path, $identity->token);                      # what the cluster would put into a pod
#   my $session = $identity->session(3);                      # { access, secret, token, expiration }, for so many seconds
package Odr::Identity;

use strict;
use warnings;

use HTTP::Tiny ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64 encode_base64url);
use POSIX ();

use Odr::Httpd;
use Odr::Work;

my $json = JSON::PP->new->canonical;
my $audience = 'odrbackup';

sub _openssl {
	my (@arguments) = @_;
	my $program = run_program(['openssl', @arguments], user => 'root', cwd => '/');
	$program->ok or die "openssl @arguments: " . $program->err;
	return $program->out;
}

sub new {
	my ($class, $ceph) = @_;
	my $dir = new_dir(work_path('identity'));
	my $self = bless { ceph => $ceph, key => "$dir/key.pem", input => "$dir/input" }, $class;

	_openssl(qw(req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=issuer -keyout), $self->{key}, '-out', "$dir/cert.pem");
	my ($thumbprint) = _openssl(qw(x509 -noout -fingerprint -sha1 -in), "$dir/cert.pem") =~ /=(.*)/;
	my ($certificate) = read_file("$dir/cert.pem") =~ /BEGIN CERTIFICATE-----\n(.*)-----END/s;
	$self->{issuer} = $self->_start_issuer($certificate =~ s/\n//gr);
	$self->_trust($thumbprint =~ s/://gr);
	return $self;
}

# What an issuer has to publish, so that others can verify its tokens.
sub _start_issuer {
	my ($self, $certificate) = @_;
	my $url;
	my $httpd = Odr::Httpd->start('issuer', sub {
			my ($request) = @_;
			return (200, $json->encode({ keys => [{ kty => 'RSA', alg => 'RS256', use => 'sig', kid => '1', x5c => [$certificate] }] }))
				if $request->{path} eq '/keys';
			return (200, $json->encode({ issuer => "http://$request->{headers}{host}", jwks_uri => "http://$request->{headers}{host}/keys" }));
		});
	return $httpd->url;
}

sub _iam {
	my ($self, %parameters) = @_;
	return $self->{ceph}->must('POST', '/', body => HTTP::Tiny->new->www_form_urlencode(\%parameters),
		headers => { 'content-type' => 'application/x-www-form-urlencoded' });
}

sub role { return 'arn:aws:iam:::role/writer' }

sub _trust {
	my ($self, $thumbprint) = @_;
	my ($provider) = $self->{issuer} =~ m{//(.*)};
	# RGW does not decode '+' in policies: no blanks.
	$self->_iam(Action => 'CreateOpenIDConnectProvider', Url => $self->{issuer},
		'ClientIDList.member.1' => $audience, 'ThumbprintList.member.1' => $thumbprint);
	$self->_iam(Action => 'CreateRole', RoleName => 'writer', Path => '/', AssumeRolePolicyDocument => $json->encode({
				Version => '2012-10-17', Statement => [{ Effect => 'Allow', Action => ['sts:AssumeRoleWithWebIdentity'],
						Principal => { Federated => ["arn:aws:iam:::oidc-provider/$provider"] },
						Condition => { StringEquals => { "$provider:app_id" => $audience } } }] }));
	$self->_iam(Action => 'PutRolePolicy', RoleName => 'writer', PolicyName => 'all', PolicyDocument => $json->encode({
				Version => '2012-10-17', Statement => [{ Effect => 'Allow', Action => ['s3:*'], Resource => ['arn:aws:s3:::*'] }] }));
}

# A signed token; claims may be others than a pod has.
sub token {
	my ($self, %claims) = @_;
	my $text = join '.', map { encode_base64url($json->encode($_)) } { alg => 'RS256', typ => 'JWT', kid => '1' },
		{ iss => $self->{issuer}, aud => $audience, sub => 'system:serviceaccount:erp:odrbackup', iat => time, exp => time + 3600, %claims };
	write_file($self->{input}, $text);
	_openssl(qw(dgst -sha256 -binary -sign), $self->{key}, '-out', "$self->{input}.signature", $self->{input});
	return $text . '.' . encode_base64url(read_file("$self->{input}.signature"));
}

sub session {
	my ($self, $seconds) = @_;
	my $answer = HTTP::Tiny->new(timeout => 60)->post_form($self->{ceph}->endpoint, { Action => 'AssumeRoleWithWebIdentity',
			Version => '2011-06-15', RoleArn => role(), RoleSessionName => 'test', DurationSeconds => $seconds, WebIdentityToken => $self->token });
	$answer->{success} or die "no session: $answer->{status} $answer->{content}\n";
	my %field = map { $_ => ($answer->{content} =~ m{<$_>(.*?)</$_>})[0] } qw(AccessKeyId SecretAccessKey SessionToken Expiration);
	return { access => $field{AccessKeyId}, secret => $field{SecretAccessKey}, token => $field{SessionToken}, expiration => $field{Expiration} };
}

1;
