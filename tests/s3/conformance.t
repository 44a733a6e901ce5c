#!/usr/bin/perl
# Every store keeps the same promises: a folder, and buckets with and without versions and locks, over http and TLS.
use strict;
use warnings;
use lib 'tests/lib';

use Test::More;

use Odr::Ceph;
use Odr::Work;

my $program = ($ENV{ODR_BUILD} // source_path('build/plain')) . '/tests/s3/conformance';
my $ceph = Odr::Ceph->start;
my $credentials = $ceph->credentials(work_path('credentials'));
$ceph->make_bucket($_) for qw(plain other other-tls);
$ceph->make_bucket('versioned', versions => 1);
$ceph->make_bucket('locked', lock => 1);

my @cases = (
	['a folder', {}],
	['a bucket', { ODR_S3_BUCKET => 'plain' }],
	['a bucket with versions, over TLS',
		{ ODR_S3_BUCKET => 'versioned', ODR_S3_ENDPOINT => $ceph->tls_endpoint, ODR_S3_CA => $ceph->ca_file }],
	['a bucket, by libs3', { ODR_S3_TYPE => 'libs3', ODR_S3_BUCKET => 'other' }],
	['a bucket, by libs3 over TLS', { ODR_S3_TYPE => 'libs3', ODR_S3_BUCKET => 'other-tls', ODR_S3_ENDPOINT => $ceph->tls_endpoint }],
	['a bucket with locks by compliance', { ODR_S3_BUCKET => 'locked', ODR_S3_LOCK => 'compliance' }],
);
for my $case (@cases) {
	my ($name, $env) = @$case;
	my %env = (%$env ? (ODR_S3_TYPE => 's3', ODR_S3_ENDPOINT => $ceph->endpoint, ODR_S3_CREDENTIALS => $credentials) : (), %$env);
	my $result = run_program([$program], env => \%env, timeout => 120);
	ok($result->ok && $result->out =~ /^ok 15 /m, "$name keeps the promises of a store") or diag($result->out . $result->err);
}

done_testing();
