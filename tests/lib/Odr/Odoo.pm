# A small database shaped like Odoo's, with its filestore: what a capture and a recovery look at, and no more. Files are
# written, named and collected as Odoo does it.
#
#   my $shop = Odr::Odoo->new(cluster => $cluster, database => 'shop', filestore => $dir)->create;   # or ->load('odoo17')
#   my $id = $shop->upload('content', res_model => 'account.move');     # the file, then the row
#   $shop->remove($id);                                                 # the row; the file is only marked
#   $shop->collect;                                                     # files that no row names go
package Odr::Odoo;

use strict;
use warnings;

use Digest::SHA qw(sha1_hex);

use Odr::Work;

sub new {
	my ($class, %option) = @_;
	my $self = bless { series => '17.0', %option }, $class;
	$self->{folder} = "$self->{filestore}/$self->{database}";
	return $self;
}

sub folder { return $_[0]{folder} }
sub database { return $_[0]{database} }
sub sql { return $_[0]{cluster}->psql($_[1], $_[0]{database}) }

sub create {
	my ($self) = @_;
	$self->{cluster}->psql(qq(CREATE DATABASE "$self->{database}"));
	$self->sql(<<"SQL");
CREATE TABLE ir_module_module (name varchar PRIMARY KEY, state varchar, latest_version varchar);
INSERT INTO ir_module_module VALUES ('base', 'installed', '$self->{series}.1.3'), ('sale', 'installed', '$self->{series}.1.2'),
	('crm', 'uninstalled', NULL);
CREATE TABLE ir_attachment (id serial PRIMARY KEY, name varchar, store_fname varchar, checksum varchar, file_size integer,
	db_datas bytea, type varchar NOT NULL DEFAULT 'binary', url varchar, res_model varchar, res_id integer);
CREATE TABLE ir_cron (id serial PRIMARY KEY, lastcall timestamp, nextcall timestamp, priority integer DEFAULT 5, active boolean);
CREATE TABLE ir_mail_server (id serial PRIMARY KEY, name varchar, smtp_host varchar, smtp_port integer, smtp_user varchar,
	smtp_pass varchar, smtp_encryption varchar, smtp_authentication varchar NOT NULL DEFAULT 'login', active boolean);
INSERT INTO ir_mail_server (name, smtp_host, smtp_port, smtp_pass, active) VALUES ('post', 'mail.example.org', 25, 'secret', true);
CREATE TABLE ir_config_parameter (id serial PRIMARY KEY, key varchar UNIQUE, value text);
INSERT INTO ir_config_parameter (key, value) VALUES ('database.uuid', '1'), ('web.base.url', 'https://shop.example.org');
CREATE TABLE ir_model_data (id serial PRIMARY KEY, module varchar, name varchar, model varchar, res_id integer);
INSERT INTO ir_cron (lastcall, nextcall, active) VALUES (now() at time zone 'utc', now() at time zone 'utc' + interval '1 day', true);
INSERT INTO ir_model_data (module, name, model, res_id) VALUES ('base', 'autovacuum_job', 'ir.cron', 1);
SQL
	new_dir($self->{folder}, 0755);
	new_dir("$self->{folder}/checklist", 0755);
	return $self;
}

# What an application shows: an administrator, two posted invoices and a draft, jobs of which two were running.
sub business {
	my ($self) = @_;
	$self->sql(<<'SQL');
CREATE TABLE res_users (id serial PRIMARY KEY, login varchar UNIQUE, password varchar, active boolean, totp_secret varchar);
INSERT INTO res_users (login, password, active, totp_secret) VALUES ('portal', 'x', false, NULL),
	('boss@example.org', '$pbkdf2-sha512$25000$0', true, 'JBSWY3DP');
INSERT INTO ir_model_data (module, name, model, res_id) VALUES ('base', 'user_admin', 'res.users', 2);
CREATE TABLE account_move (id serial PRIMARY KEY, name varchar, state varchar, move_type varchar, amount_total numeric);
INSERT INTO account_move (name, state, move_type, amount_total) VALUES ('INV/2026/00001', 'posted', 'out_invoice', 100.50),
	('INV/2026/00002', 'posted', 'out_invoice', 20700.00), ('/', 'draft', 'out_invoice', 1);
CREATE TABLE queue_job (id serial PRIMARY KEY, uuid varchar, state varchar, channel varchar, model_name varchar, method_name varchar,
	retry integer, date_enqueued timestamp, date_started timestamp, worker_pid integer);
INSERT INTO queue_job (uuid, state, channel) VALUES ('a', 'started', 'root'), ('b', 'enqueued', 'root'), ('c', 'done', 'root');
SQL
	return $self;
}

# The database and the files of a real Odoo system, from the shared data: needs what data_of names. Servers from 15 on.
sub data_of { return map { "odoo/$_[0]$_" } '.sql.gz', '-filestore.tar.zst' }

sub load {
	my ($self, $data) = @_;
	my ($dump, $files) = map { shared_path($_) // die "there is no '$_'\n" } data_of($data);
	my $cluster = $self->{cluster};
	$cluster->psql(<<"SQL");
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'odoo') AS missing \\gset
\\if :missing
CREATE ROLE odoo;
\\endif
CREATE DATABASE "$self->{database}" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8' OWNER odoo;
SQL
	my $psql = join ' ', Odr::Cluster::client('psql'), '-X -q -v ON_ERROR_STOP=1 -d', "'" . $cluster->conninfo($self->{database}) . "'";
	for my $load (['gunzip', "set -o pipefail; gunzip -c '$dump' | $psql"],
		['tar', "mkdir -p '$self->{folder}' && zstd -dc '$files' | tar -C '$self->{folder}' -xpf -"]) {
		my $run = run_program(['bash', '-c', $load->[1]], timeout => 180);
		$run->ok or die "cannot load '$data' ($load->[0]): " . $run->err;
	}
	return $self;
}

sub path { return "$_[0]{folder}/$_[1]" }

sub upload {
	my ($self, $content, %column) = @_;
	my $sha1 = sha1_hex($content);
	my $name = substr($sha1, 0, 2) . "/$sha1";
	my $folder = substr $sha1, 0, 2;
	new_dir("$self->{folder}/$folder", 0755);
	write_file($self->path($name), $content, 0644) unless -e $self->path($name);
	new_dir("$self->{folder}/checklist/$folder", 0755);
	write_file("$self->{folder}/checklist/$name", '', 0644);
	my %all = (name => "'a file'", type => "'binary'", store_fname => "'$name'", checksum => "'$sha1'", file_size => length $content,
		map { $_ => "'$column{$_}'" } keys %column);
	my @names = sort keys %all;
	return $self->sql(sprintf 'INSERT INTO ir_attachment (%s) VALUES (%s) RETURNING id', join(', ', @names),
		join ', ', @all{@names});
}

sub remove {
	my ($self, @ids) = @_;
	for my $name (split /\n/, $self->sql('DELETE FROM ir_attachment WHERE id IN (' . join(', ', @ids) . ') RETURNING store_fname')) {
		new_dir("$self->{folder}/checklist/" . substr($name, 0, 2), 0755);
		write_file("$self->{folder}/checklist/$name", '', 0644);
	}
	return $self;
}

# What ir.attachment._gc_file_store does, once a day.
sub collect {
	my ($self) = @_;
	my %named = map { $_ => 1 } $self->names;
	for my $mark (glob "$self->{folder}/checklist/*/*") {
		my ($name) = $mark =~ m{checklist/(.*)};
		unlink $self->path($name) unless $named{$name};
		unlink $mark;
	}
	$self->sql("UPDATE ir_cron SET lastcall = now() at time zone 'utc'");
	return $self;
}

# The files that the database names, in another cluster if one is given.
sub names {
	my ($self, $cluster) = @_;
	return split /\n/, ($cluster // $self->{cluster})->psql(
		'SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL ORDER BY 1', $self->{database});
}

1;
