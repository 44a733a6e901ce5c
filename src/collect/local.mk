noinst_LIBRARIES += src/collect/libcollect.a
src_collect_libcollect_a_SOURCES = \
	src/collect/addons.c \
	src/collect/certificates.c \
	src/collect/code.c \
	src/collect/code.h \
	src/collect/collect.c \
	src/collect/collect.h \
	src/collect/collection.c \
	src/collect/collector.h \
	src/collect/compose.c \
	src/collect/diff.c \
	src/collect/diff.h \
	src/collect/host.c \
	src/collect/host_files.c \
	src/collect/index.c \
	src/collect/index.h \
	src/collect/kubernetes.c \
	src/collect/kubernetes_object.c \
	src/collect/kubernetes_object.h \
	src/collect/mask.c \
	src/collect/mask.h \
	src/collect/mask_document.c \
	src/collect/mask_json.c \
	src/collect/mask_text.c \
	src/collect/odoo.c \
	src/collect/odoo_site.c \
	src/collect/odoo_site.h \
	src/collect/postgresql.c \
	src/collect/proxy.c \
	src/collect/redis.c \
	src/collect/references.c \
	src/collect/resp.c \
	src/collect/resp.h \
	src/collect/simple.c \
	src/collect/tool.c \
	src/collect/tools.c \
	src/collect/units.c
