#ifndef ODR_TEST_DRILL_RECORD_SAMPLE_H
#define ODR_TEST_DRILL_RECORD_SAMPLE_H

/* A record of a drill that passed. */
#define SAMPLE_RUN    "20261121T230501Z-5e7a11ce"
#define SAMPLE_HASH   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SAMPLE_MET    "\"objective_us\":7200000000,\"measured_us\":1000000,\"state\":\"met\""
#define SAMPLE_MISSED "\"objective_us\":999999,\"measured_us\":1000000,\"state\":\"missed\""
static const char record_sample[] =
	"{\"type\":\"odrbackup-drill-record\",\"format\":\"1.0\","
	"\"run\":{\"id\":\"" SAMPLE_RUN "\",\"slot\":\"2026-W47\",\"trigger\":\"timer\","
	"\"actor\":{\"uid\":0},\"approver\":null,\"ticket\":null,\"incident\":null},"
	"\"scenario\":null,\"regime\":null,\"outcome\":\"pass\",\"also\":[\"pass\"],"
	"\"failure\":null,\"plan\":{\"name\":\"erp-weekly\",\"hash\":\"" SAMPLE_HASH "\","
	"\"files\":[{\"name\":\"erp-weekly.plan\",\"sha256\":\"" SAMPLE_HASH "\"}]},"
	"\"draw\":{\"operator_chosen\":true},"
	"\"source\":{\"service\":\"erp-prod\",\"system_identifier\":\"7001\",\"pg_version\":150004,"
	"\"odoo_version\":\"17.0\",\"set\":\"20261121T220501Z-5e7a11ce\",\"manifest_sha256\":null,"
	"\"repository\":\"main\",\"timeline\":1,\"wal\":{\"first\":null,\"last\":null,\"bytes\":0},"
	"\"lock\":null},\"target\":{\"host\":\"drill\",\"host_class\":null,\"facts\":null,"
	"\"postgres_sha256\":null,\"filesystem\":\"ext4\"},"
	"\"isolation\":{\"namespaces\":null,\"probes\":[{\"to\":\"192.0.2.1:443\",\"errno\":101}],"
	"\"verified\":true},"
	"\"spans\":[{\"phase\":\"fetch\",\"component\":\"database\",\"start\":\"2026-11-21T23:05:02Z\","
	"\"end\":\"2026-11-21T23:05:03Z\",\"mono_us\":1000000,\"bytes\":7,\"objects\":1,"
	"\"retries\":0,\"outcome\":\"done\"}],\"critical_path\":[],"
	"\"measured\":{\"achieved_rpo_us\":null,\"target_gap_us\":5,\"rta_restore_only_us\":1000000,"
	"\"rta_db_ready_us\":1000000,\"rta_wall_us\":null,\"rta_service_ready_us\":1000000,"
	"\"rta_with_assumptions_us\":1000000},"
	"\"objectives\":[{\"scope\":\"service\",\"kind\":\"rto\"," SAMPLE_MET
	",\"reasons\":[]}],\"assumptions\":[],"
	"\"worst_case\":null,"
	"\"checks\":[{\"name\":\"login\",\"type\":\"sql\",\"process\":[\"login\"],\"stage\":\"paused\","
	"\"gate\":true,\"severity\":\"fail\",\"status\":\"pass\",\"message\":null}],"
	"\"controls\":[{\"name\":\"lost-item\",\"status\":\"pass\"}],\"requeue\":null,"
	"\"filestore\":null,\"neutralization\":null,\"not_assessed\":[],\"deviations\":[],"
	"\"findings\":[],\"logs\":[],\"software\":{\"version\":\"0.1.0\"},\"clock\":{},"
	"\"end_of_wal_expected\":null,\"summary\":\"1 check: 1 passed\","
	"\"previous_record_sha256\":null}\n";

#endif
