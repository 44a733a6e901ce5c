-- id: neutralized         kind: assert    module: base    odoo: 14-15  (drill copies only; tables of 14 and 15 as their source has them: never run on a real one)
-- needs: ir_mail_server, ir_cron, ir_config_parameter
-- Everything the drill copy could use to talk to the outside world. Tables that do not exist here are skipped.
WITH probe(what, tbl, q) AS (VALUES
  ('flag database.is_neutralized missing', 'ir_config_parameter', 'SELECT (CASE WHEN EXISTS (SELECT 1 FROM ir_config_parameter WHERE key=''database.is_neutralized'' AND lower(value) IN (''true'',''t'',''1'')) THEN 0 ELSE 1 END) AS m'),
  ('live outgoing mail server',            'ir_mail_server',      'SELECT count(*) AS m FROM ir_mail_server WHERE active AND coalesce(smtp_host,'''') <> ''invalid'''),
  ('no dummy mail server (falls back to odoo.conf smtp_server)', 'ir_mail_server', 'SELECT (CASE WHEN EXISTS (SELECT 1 FROM ir_mail_server WHERE active AND smtp_host=''invalid'') THEN 0 ELSE 1 END) AS m'),
  ('active fetchmail server',              'fetchmail_server',    'SELECT count(*) AS m FROM fetchmail_server WHERE active'),
  ('active cron other than autovacuum',    'ir_cron',             'SELECT count(*) AS m FROM ir_cron c WHERE c.active AND NOT EXISTS (SELECT 1 FROM ir_model_data d WHERE d.model=''ir.cron'' AND d.module=''base'' AND d.name=''autovacuum_job'' AND d.res_id=c.id)'),
  ('enabled payment acquirer (<=15)',      'payment_acquirer',    'SELECT count(*) AS m FROM payment_acquirer WHERE state = ''enabled'''),
  ('enabled OAuth provider',               'auth_oauth_provider', 'SELECT count(*) AS m FROM auth_oauth_provider WHERE enabled'),
  ('IAP account with live token',          'iap_account',         'SELECT count(*) AS m FROM iap_account WHERE account_token IS NOT NULL AND account_token NOT LIKE ''%+disabled'''),
  ('electronic invoices are real (account_edi_proxy_client.demo)', 'account_edi_proxy_client_user', 'SELECT (CASE WHEN NOT EXISTS (SELECT 1 FROM account_edi_proxy_client_user) OR EXISTS (SELECT 1 FROM ir_config_parameter WHERE key=''account_edi_proxy_client.demo'' AND value IN (''demo'',''test'')) THEN 0 ELSE 1 END) AS m'),
  ('EDI proxy token',                      'account_edi_proxy_client_user', 'SELECT count(*) AS m FROM account_edi_proxy_client_user u WHERE coalesce(to_jsonb(u)->>''refresh_token'','''') <> '''''),
  ('carrier in production',                'delivery_carrier',    'SELECT count(*) AS m FROM delivery_carrier WHERE active AND prod_environment'),
  ('SMTP password still stored (Odoo leaves it; clear it)', 'ir_mail_server', 'SELECT count(*) AS m FROM ir_mail_server WHERE coalesce(smtp_pass,'''') <> ''''' ),
  ('outgoing mail waiting in queue',       'mail_mail',           'SELECT count(*) AS m FROM mail_mail WHERE state = ''outgoing'''),
  ('outgoing SMS waiting',                 'sms_sms',             'SELECT count(*) AS m FROM sms_sms WHERE state = ''outgoing'''),
  ('runnable queue jobs',                  'queue_job',           'SELECT count(*) AS m FROM queue_job WHERE state IN (''pending'',''enqueued'',''started'',''wait_dependencies'')'),
  ('google calendar token',                'google_calendar_credentials', 'SELECT count(*) AS m FROM google_calendar_credentials WHERE calendar_rtoken IS NOT NULL'),
  ('calendar token of a user',             'res_users',           'SELECT count(*) AS m FROM res_users u WHERE coalesce(to_jsonb(u)->>''google_calendar_rtoken'', to_jsonb(u)->>''google_calendar_token'', to_jsonb(u)->>''microsoft_calendar_rtoken'', to_jsonb(u)->>''microsoft_calendar_token'','''') <> '''''),
  ('object storage used for attachments (drill could write/GC production bucket)', 'fs_storage', 'SELECT count(*) AS m FROM fs_storage s WHERE to_jsonb(s)->>''protocol'' NOT IN (''odoofs'',''file'',''memory'')'))
SELECT count(*) FILTER (WHERE m > 0) AS bad, count(*) AS total, string_agg(what || '=' || m, '; ') FILTER (WHERE m > 0) AS detail
  FROM (SELECT what, (xpath('/row/m/text()', query_to_xml(q, false, true, '')))[1]::text::bigint AS m
          FROM probe WHERE to_regclass('public.' || tbl) IS NOT NULL) r;
