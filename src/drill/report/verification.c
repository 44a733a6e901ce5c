/* What every report ends with: how it can be verified, and what its words mean. */
#include "drill/report/report.h"

void report_add_verification(Document *document, const char *run, const char *sha256)
{
	document_paragraph(
		document,
		"This report derives from the signed record of the run; where they "
		"differ, the record holds. A signature shows which key, not when: the "
		"store's date in the receipt is the second witness. Who holds the signing "
		"key can sign anything.");
	if (sha256)
		document_fact(document, "SHA-256 of record.json", TONE_CODE, sha256);
	document_command(document, "odrbackup evidence verify %s", run);
	document_command(document,
			 "signify-openbsd -V -p key.pub -x record.json.sig -m record.json");
	document_command(document, "sha256sum record.json");
}

void report_add_definitions(Document *document)
{
	static const struct {
		const char *word, *meaning;
	} words[] = {
		{"RPO objective", "the largest acceptable loss"},
		{"RPO exposure", "what would be lost if the source vanished now"},
		{"Achieved RPO",
		 "loss to recovered commit, measured by a drill to the latest moment"},
		{"Target gap",
		 "from the newest recovered commit to the requested time; not a loss"},
		{"Incident RPO",
		 "loss to newest recovered commit, in a real recovery (odrbackup-incident(1))"},
		{"Outage", "from the loss until users were served again, in a real recovery"},
		{"RTO objective", "how long a recovery may take"},
		{"RTA", "what a recovery took, measured in a drill"},
		{"Gate", "a check without which the service would not be given back to its users"},
		{"MET", "measured, and every condition holds"},
		{"MISSED", "a measurement broke the objective, or a counted drill failed"},
		{"NOT PROVEN", "nothing broke it, and the proof is not complete"},
		{"NOT ASSESSED", "no objective, or out of scope; never counted as met"},
		{"EXEMPT", "taken out with a reason, an approver and an end"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		document_fact(document, words[i].word, TONE_PLAIN, words[i].meaning);
}
