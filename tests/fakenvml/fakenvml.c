/*
 * fakenvml - a scenario-driven stand-in for NVIDIA's management library.
 *
 * Built as libnvidia-ml.so.1 and put first in LD_LIBRARY_PATH, it answers the
 * NVML C ABI from a text file (FAKENVML_SCENARIO) instead of from a driver, so
 * that programs that monitor GPUs can be tested on a machine that has none.
 * See README.md for the scenario format.  Struct layouts, version words and
 * constants follow what nvidia-ml-py 13.615.71 declares.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef unsigned int u32;
typedef unsigned long long u64;

#define API __attribute__((visibility("default")))
#define MAX_GPU 16
#define NA64 0xFFFFFFFFFFFFFFFFull
#define NA32 0xFFFFFFFFu

enum {
    R_OK_ = 0, R_UNINIT = 1, R_INVAL = 2, R_NOTSUP = 3, R_NOPERM = 4, R_NOTFOUND = 6,
    R_SIZE = 7, R_TIMEOUT = 10, R_LOST = 15, R_MEMORY = 20, R_VERSION = 25, R_UNKNOWN = 999
};

/* ------------------------------------------------------------------ C ABI */

typedef struct { char busIdLegacy[16]; u32 domain, bus, device, pciDeviceId, pciSubSystemId; char busId[32]; } PciV3;
typedef struct { char busId[16]; u32 domain, bus, device, pciDeviceId, pciSubSystemId, reserved[4]; } PciV2;
typedef struct { u32 version, domain, bus, device, pciDeviceId, pciSubSystemId, baseClass, subClass; char busId[32]; } PciExt;
typedef struct { u64 total, free, used; } MemV1;
typedef struct { u32 version; u64 total, reserved, free, used; } MemV2;
typedef struct { u64 total, free, used; } Bar1;
typedef struct { u32 gpu, memory; } Util;
typedef struct { u32 pid; u64 mem; } ProcV1;
typedef struct { u32 pid; u64 mem; u32 gi, ci; } ProcV2;
typedef struct { u32 pid; u64 mem; u32 gi, ci; u64 ccMem; } ProcDetail;
typedef struct { u32 version, mode, count; ProcDetail *arr; } ProcDetailList;
typedef struct { u32 pid; u64 ts; u32 sm, mem, enc, dec; } ProcSample;
typedef struct { u64 ts; u32 pid, sm, mem, enc, dec, jpg, ofa; } ProcUtilInfo;
typedef struct { u32 version, count; u64 lastSeen; ProcUtilInfo *arr; } ProcsUtilInfo;
typedef union { double d; u32 ui; unsigned long ul; u64 ull; long long sll; int si; unsigned short us; } Value;
typedef struct { u32 fieldId, scopeId; int64_t timestamp, latencyUsec; u32 valueType, ret; Value value; } FieldValue;
typedef struct { u64 ts; Value value; } Sample;
typedef struct { u64 referenceTime, violationTime; } Violation;
typedef struct { u32 version, sensor; int temperature; } TempV;
typedef struct { u32 version, fan, speed; } FanRpm;
typedef struct { u64 l1, l2, dev, reg; } EccDetail;
typedef struct { void *device; u64 type, data; } EventV1;
typedef struct { void *device; u64 type, data; u32 gi, ci; } EventV2;
typedef struct { u32 version, type; union { char str[41]; unsigned char bytes[16]; } v; } UuidV;
typedef struct { u32 version; char branch[80]; } Branch;
typedef struct { u32 isPresent, percentage, inc, dec; } PstateUtil;
typedef struct { u32 flags; PstateUtil u[8]; } DynPstates;
typedef struct { int controller, min, max, current, target; } ThermalSensor;
typedef struct { u32 count; ThermalSensor s[3]; } Thermal;
typedef struct { u32 version; int margin; } Margin;
typedef struct { u32 sessions, fps, latency; } FbcStats;
typedef struct { int supported; u32 count; } GridHead;

enum {
    V_MEM2 = 0x02000028, V_TEMP = 0x100000C, V_FANRPM = 0x100000C, V_PROCDETAIL = 0x1000018,
    V_PROCUTIL = 0x01000018, V_UUID = 0x1000034, V_PCIEXT = 0x1000040, V_BRANCH = 0x1000054,
    V_MARGIN = 0x1000008
};

/* --------------------------------------------------- scenario vocabulary */

/* kind: S text, N number or expression.  The third item is the default
 * (NULL: the feature is NOT_SUPPORTED unless the scenario sets the key). */
#define GPU_KEYS(X) \
    X(name, S, "NVIDIA Fake GPU") X(uuid, S, NULL) X(serial, S, NULL) X(vbios, S, "94.02.71.00.01") \
    X(board_part_number, S, NULL) X(inforom_image, S, NULL) X(gsp_version, S, NULL) \
    X(pci_bus_id, S, NULL) X(cuda_cc, S, "8.6") X(processes, S, "") \
    X(supported_mem_clocks, S, NULL) X(supported_gfx_clocks, S, NULL) X(supported_pstates, S, "0,2,3,5,8") \
    X(brand, N, "geforce") X(arch, N, "ampere") X(pci_device_id, N, "0x248210DE") X(pci_subsystem_id, N, "0") \
    X(minor_number, N, NULL) X(multi_gpu_board, N, "0") X(gpu_cores, N, NULL) X(mem_bus_width, N, NULL) \
    X(irq, N, NULL) X(power_source, N, NULL) X(numa_node, N, NULL) X(inforom_checksum, N, NULL) \
    X(mem_total_mib, N, "8192") X(mem_used_mib, N, "0") X(mem_reserved_mib, N, "0") \
    X(bar1_total_mib, N, "256") X(bar1_used_mib, N, "1") \
    X(util_gpu, N, "0") X(util_mem, N, "0") X(util_enc, N, "0") X(util_dec, N, "0") \
    X(util_jpg, N, NULL) X(util_ofa, N, NULL) \
    X(temp_c, N, "40") X(temp_mem_c, N, NULL) X(temp_margin_c, N, NULL) X(temp_slowdown, N, NULL) \
    X(temp_shutdown, N, NULL) X(temp_gpu_max, N, NULL) X(temp_mem_max, N, NULL) \
    X(temp_acoustic_min, N, NULL) X(temp_acoustic_curr, N, NULL) X(temp_acoustic_max, N, NULL) \
    X(power_w, N, NULL) X(power_limit_w, N, NULL) X(power_limit_enforced_w, N, NULL) \
    X(power_limit_default_w, N, NULL) X(power_limit_min_w, N, NULL) X(power_limit_max_w, N, NULL) \
    X(energy_mj, N, NULL) \
    X(fan_pct, N, NULL) X(fan_target_pct, N, NULL) X(fan_min_pct, N, NULL) X(fan_max_pct, N, NULL) \
    X(fan_rpm, N, NULL) X(fan_policy, N, NULL) X(num_fans, N, NULL) \
    X(clock_graphics, N, NULL) X(clock_sm, N, "0") X(clock_mem, N, "0") X(clock_video, N, NULL) \
    X(max_clock_graphics, N, NULL) X(max_clock_sm, N, NULL) X(max_clock_mem, N, NULL) X(max_clock_video, N, NULL) \
    X(app_clock_graphics, N, NULL) X(app_clock_mem, N, NULL) \
    X(pstate, N, "0") X(throttle, N, "0") X(throttle_supported, N, "0x1FF") \
    X(violation_power_ms, N, "0") X(violation_thermal_ms, N, "0") \
    X(pcie_gen, N, "4") X(pcie_gen_max, N, NULL) X(pcie_gen_gpu_max, N, NULL) \
    X(pcie_width, N, "16") X(pcie_width_max, N, NULL) \
    X(pcie_tx_kbps, N, "0") X(pcie_rx_kbps, N, "0") X(pcie_replay, N, "0") \
    X(ecc_mode, N, NULL) X(ecc_pending, N, NULL) \
    X(ecc_corrected_volatile, N, "0") X(ecc_uncorrected_volatile, N, "0") \
    X(ecc_corrected_aggregate, N, "0") X(ecc_uncorrected_aggregate, N, "0") \
    X(retired_sbe, N, NULL) X(retired_dbe, N, NULL) X(retired_pending, N, NULL) \
    X(remapped_cor, N, NULL) X(remapped_unc, N, NULL) X(remapped_pending, N, NULL) X(remapped_failure, N, NULL) \
    X(persistence, N, "off") X(display_mode, N, "off") X(display_active, N, "off") \
    X(compute_mode, N, "default") X(mig_mode, N, NULL) X(accounting, N, "off") \
    X(xid, N, "0") X(xid_count, N, "0")

#define DRV_KEYS(X) \
    X(version, S, "580.95.05") X(cuda, S, "13.0") X(nvml, S, NULL) X(branch, S, NULL) \
    X(time_base, S, "process") X(freeze_t, N, NULL) X(time_scale, N, "1")

#define ENUM_G(n, k, d) G_##n,
#define ENUM_D(n, k, d) D_##n,
enum { GPU_KEYS(ENUM_G) G_COUNT };
enum { DRV_KEYS(ENUM_D) D_COUNT };

typedef struct { const char *name; char kind; const char *def; } KeyDef;
#define DEF_ROW(n, k, d) { #n, (#k)[0], d },
static const KeyDef gpu_defs[G_COUNT] = { GPU_KEYS(DEF_ROW) };
static const KeyDef drv_defs[D_COUNT] = { DRV_KEYS(DEF_ROW) };

/* names, besides the keys above and NVML function names, that error.* and hang_ms.* take */
static const char *const groups[] = {
    "all", "init", "shutdown", "count", "handle", "index", "mem", "util", "temp", "power", "energy",
    "fan", "clock", "pcie", "ecc", "retired", "remapped", "processes_compute", "processes_graphics",
    "processes_mps", "process_util", "process_name", "events", "field_values", "samples", "pci",
    "display", "violation", "driver_version", "bar1", NULL
};

static const struct { const char *name; double v; } symbols[] = {
    { "on", 1 }, { "yes", 1 }, { "true", 1 }, { "enabled", 1 },
    { "off", 0 }, { "no", 0 }, { "false", 0 }, { "disabled", 0 }, { "none", 0 }, { "success", 0 },
    /* compute mode, power source */
    { "default", 0 }, { "exclusive_thread", 1 }, { "prohibited", 2 }, { "exclusive_process", 3 },
    { "ac", 0 }, { "battery", 1 }, { "undersized", 2 },
    /* clock event (throttle) reasons */
    { "gpu_idle", 0x1 }, { "app_clocks", 0x2 }, { "sw_power_cap", 0x4 }, { "hw_slowdown", 0x8 },
    { "sync_boost", 0x10 }, { "sw_thermal", 0x20 }, { "hw_thermal", 0x40 }, { "hw_power_brake", 0x80 },
    { "display_clocks", 0x100 },
    /* brand */
    { "quadro", 1 }, { "tesla", 2 }, { "geforce", 5 }, { "titan", 6 }, { "quadro_rtx", 12 },
    { "nvidia_rtx", 13 }, { "nvidia", 14 },
    /* architecture */
    { "kepler", 2 }, { "maxwell", 3 }, { "pascal", 4 }, { "volta", 5 }, { "turing", 6 }, { "ampere", 7 },
    { "ada", 8 }, { "hopper", 9 }, { "blackwell", 10 },
    /* return codes */
    { "uninitialized", 1 }, { "invalid_argument", 2 }, { "not_supported", 3 }, { "no_permission", 4 },
    { "not_found", 6 }, { "insufficient_size", 7 }, { "driver_not_loaded", 9 }, { "timeout", 10 },
    { "irq_issue", 11 }, { "library_not_found", 12 }, { "function_not_found", 13 },
    { "corrupted_inforom", 14 }, { "gpu_is_lost", 15 }, { "reset_required", 16 },
    { "operating_system", 17 }, { "lib_rm_version_mismatch", 18 }, { "in_use", 19 }, { "memory", 20 },
    { "no_data", 21 }, { "insufficient_resources", 23 }, { "argument_version_mismatch", 25 },
    { "not_ready", 27 }, { "gpu_not_found", 28 }, { "unknown", 999 },
};

/* ---------------------------------------------------------- expressions */

typedef struct { char kind; double a, b, c; } Expr; /* kind: k const, r ramp, s sine, t step, q square, @ at */

static locale_t c_locale(void)
{
    static locale_t loc;
    locale_t l = __atomic_load_n(&loc, __ATOMIC_ACQUIRE);
    if (!l) {
        l = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        __atomic_store_n(&loc, l, __ATOMIC_RELEASE);
    }
    return l;
}

static const char *skip_ws(const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

/* term := item ('|' item)*   item := number | symbol | P<n> */
static bool parse_term(const char **pp, double *out)
{
    const char *p = *pp;
    double total = 0;
    bool first = true;
    for (;;) {
        double v = 0;
        p = skip_ws(p);
        if (isdigit((unsigned char)*p) || *p == '-' || *p == '+' || *p == '.') {
            char *end;
            v = strtod_l(p, &end, c_locale());
            if (end == p || !isfinite(v))
                return false;
            p = end;
        } else if (isalpha((unsigned char)*p)) {
            char id[40];
            size_t n = 0, i;
            while (isalnum((unsigned char)p[n]) || p[n] == '_')
                n++;
            if (n >= sizeof id)
                return false;
            memcpy(id, p, n);
            id[n] = 0;
            p += n;
            if ((id[0] == 'P' || id[0] == 'p') && n >= 2 && n <= 3 && isdigit((unsigned char)id[1])) {
                v = atoi(id + 1);
            } else {
                for (i = 0; i < sizeof symbols / sizeof *symbols; i++)
                    if (!strcasecmp(symbols[i].name, id))
                        break;
                if (i == sizeof symbols / sizeof *symbols)
                    return false;
                v = symbols[i].v;
            }
        } else {
            return false;
        }
        total = first ? v : (double)((u64)total | (u64)v);
        first = false;
        p = skip_ws(p);
        if (*p != '|')
            break;
        p++;
    }
    *pp = p;
    *out = total;
    return true;
}

static bool parse_expr(const char *s, Expr *e)
{
    static const struct { const char *name; char kind; int min, max; } fn[] = {
        { "ramp", 'r', 3, 3 }, { "sine", 's', 3, 3 }, { "step", 't', 3, 3 },
        { "square", 'q', 3, 3 }, { "at", '@', 2, 3 },
    };
    const char *p = skip_ws(s);
    memset(e, 0, sizeof *e);
    for (size_t i = 0; i < sizeof fn / sizeof *fn; i++) {
        size_t n = strlen(fn[i].name);
        if (strncasecmp(p, fn[i].name, n))
            continue;
        const char *q = skip_ws(p + n);
        if (*q != '(')
            continue;
        double v[3] = { 0, 0, 0 };
        int k = 0;
        do {
            q++;
            if (k == 3 || !parse_term(&q, &v[k]))
                return false;
            k++;
        } while (*q == ',');
        if (*q != ')' || *skip_ws(q + 1) || k < fn[i].min)
            return false;
        e->kind = fn[i].kind;
        e->a = v[0];
        e->b = v[1];
        e->c = k == 3 ? v[2] : -1; /* at(s, v): no end */
        if ((e->kind == 's' || e->kind == 'q') && e->c <= 0)
            return false;
        return true;
    }
    e->kind = 'k';
    return parse_term(&p, &e->a) && !*p;
}

static double eval_expr(const Expr *e, double t)
{
    switch (e->kind) {
    case 'r':
        if (e->c <= 0 || t >= e->c)
            return e->b;
        return t <= 0 ? e->a : e->a + (e->b - e->a) * t / e->c;
    case 's':
        return e->a + e->b * sin(2 * M_PI * t / e->c);
    case 't':
        return t < e->c ? e->a : e->b;
    case 'q':
        return fmod(t < 0 ? 0 : t, e->c) < e->c / 2 ? e->a : e->b;
    case '@':
        return t >= e->a && (e->c < 0 || t < e->c) ? e->b : 0;
    default:
        return e->a;
    }
}

/* the integral of the expression from 0 to t, t >= 0 (for energy out of power) */
static double integrate_expr(const Expr *e, double t)
{
    if (t <= 0)
        return 0;
    switch (e->kind) {
    case 'r': {
        double c = e->c > 0 ? e->c : 0, u = t < c ? t : c;
        return (u > 0 ? e->a * u + (e->b - e->a) * u * u / (2 * c) : 0) + e->b * (t - u);
    }
    case 's':
        return e->a * t + e->b * e->c / (2 * M_PI) * (1 - cos(2 * M_PI * t / e->c));
    case 't': {
        double u = t < e->c ? t : (e->c > 0 ? e->c : 0);
        return e->a * u + e->b * (t - u);
    }
    case 'q': {
        double n = floor(t / e->c), r = t - n * e->c, h = e->c / 2;
        return n * h * (e->a + e->b) + (r < h ? e->a * r : e->a * h + e->b * (r - h));
    }
    case '@': {
        double from = e->a > 0 ? e->a : 0, to = e->c >= 0 && e->c < t ? e->c : t;
        return to > from ? e->b * (to - from) : 0;
    }
    default:
        return e->a * t;
    }
}

/* ------------------------------------------------------------- scenario */

typedef struct { bool set; Expr e; char *s; } Val;
typedef struct Ovr { struct Ovr *next; bool hang, group; Expr e; char name[1]; } Ovr;
typedef struct PidName { struct PidName *next; u32 pid; char name[1]; } PidName;
typedef struct {
    char who;            /* 's' self, 'p' parent, 0: pid */
    u32 pid;
    bool mem_na, compute, graphics, mps;
    Expr mem, sm, memu, enc, dec;
} Proc;

typedef struct {
    bool present;
    Val v[G_COUNT];
    Ovr *ovr;
    Proc *procs;
    int nproc;
    u32 domain, bus, device;
    char uuid[96];
    int cc_major, cc_minor;
} Gpu;

typedef struct {
    int ref;
    int ngpu;
    Gpu g[MAX_GPU];
    Val v[D_COUNT];
    Ovr *ovr;
    PidName *names;
    int cuda;
    char base;           /* 'p' process start, 'l' library load, 'm' scenario mtime */
    double mtime;        /* of the file, seconds since the epoch */
    double t_loaded;     /* scenario time when this text was loaded */
    double energy[MAX_GPU]; /* mJ counted before that */
} Scenario;

static void free_ovr(Ovr *o)
{
    while (o) {
        Ovr *n = o->next;
        free(o);
        o = n;
    }
}

static void free_gpu(Gpu *g)
{
    for (int k = 0; k < G_COUNT; k++)
        free(g->v[k].s);
    free_ovr(g->ovr);
    free(g->procs);
}

static void free_scenario(Scenario *sc)
{
    if (!sc)
        return;
    for (int i = 0; i < MAX_GPU; i++)
        free_gpu(&sc->g[i]);
    for (int k = 0; k < D_COUNT; k++)
        free(sc->v[k].s);
    free_ovr(sc->ovr);
    while (sc->names) {
        PidName *n = sc->names->next;
        free(sc->names);
        sc->names = n;
    }
    free(sc);
}

/* Parse errors stop the reading; the message goes to stderr once per file version. */
typedef struct { const char *path; int line; char msg[256]; } Err;

__attribute__((format(printf, 2, 3))) static bool fail(Err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    return false;
}

static bool is_unset_word(const char *s)
{
    return !strcasecmp(s, "na") || !strcasecmp(s, "n/a") || !strcasecmp(s, "unsupported") ||
           !strcasecmp(s, "not_supported");
}

static bool set_val(Val *v, const KeyDef *def, const char *raw, Err *err)
{
    free(v->s);
    v->s = strdup(raw);
    v->set = false;
    if (!v->s)
        return fail(err, "out of memory");
    if (is_unset_word(raw))
        return true; /* s stays: "said to be unsupported", so no default is filled in */
    if (def->kind == 'N' && !parse_expr(raw, &v->e))
        return fail(err, "%s: cannot read \"%s\" as a number, symbol, ramp(), sine(), step(), square() or at()",
                    def->name, raw);
    v->set = true;
    return true;
}

static bool is_group(const char *name)
{
    for (int i = 0; groups[i]; i++)
        if (!strcmp(groups[i], name))
            return true;
    return false;
}

static bool known_override(const char *name)
{
    if (is_group(name))
        return true;
    for (int k = 0; k < G_COUNT; k++)
        if (!strcmp(gpu_defs[k].name, name))
            return true;
    if (!strncmp(name, "nvml", 4)) {
        Dl_info di;
        if (dladdr((void *)known_override, &di)) {
            void *self = dlopen(di.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
            bool ok = self && dlsym(self, name);
            if (self)
                dlclose(self);
            return ok;
        }
    }
    return false;
}

static bool add_override(Ovr **list, const char *name, bool hang, const char *raw, Err *err)
{
    if (!known_override(name))
        return fail(err, "%s.%s: no such field, group or NVML function", hang ? "hang_ms" : "error", name);
    Ovr *o = *list;
    while (o && (o->hang != hang || strcmp(o->name, name)))
        o = o->next;
    if (!o) {
        o = calloc(1, sizeof *o + strlen(name));
        if (!o)
            return fail(err, "out of memory");
        strcpy(o->name, name);
        o->hang = hang;
        o->group = is_group(name);
        o->next = *list;
        *list = o;
    }
    if (!parse_expr(raw, &o->e))
        return fail(err, "%s.%s: cannot read \"%s\"", hang ? "hang_ms" : "error", name, raw);
    return true;
}

/* cut s at the next sep that stands outside parentheses; returns the rest or NULL */
static char *cut(char *s, char sep)
{
    int depth = 0;
    for (; *s; s++) {
        if (*s == '(')
            depth++;
        else if (*s == ')')
            depth--;
        else if (*s == sep && !depth) {
            *s = 0;
            return s + 1;
        }
    }
    return NULL;
}

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    char *e = s + strlen(s);
    while (e > s && isspace((unsigned char)e[-1]))
        *--e = 0;
    return s;
}

/* pid:mem_mib:type[:sm_util[:mem_util[:enc_util[:dec_util]]]], ... */
static bool parse_processes(Gpu *g, const char *raw, Err *err)
{
    char *copy = strdup(raw), *rest = copy;
    bool ok = copy != NULL;
    while (ok && rest) {
        char *one = rest;
        rest = cut(one, ',');
        one = trim(one);
        if (!*one)
            continue;
        Proc p;
        memset(&p, 0, sizeof p);
        Expr *util[4] = { &p.sm, &p.memu, &p.enc, &p.dec };
        p.sm.kind = p.memu.kind = p.enc.kind = p.dec.kind = p.mem.kind = 'k';
        int i = 0;
        for (char *f = one, *next; f && ok; f = next, i++) {
            next = cut(f, ':');
            f = trim(f);
            if (i == 0) {
                char *end;
                if (!strcmp(f, "self")) {
                    p.who = 's';
                } else if (!strcmp(f, "parent")) {
                    p.who = 'p';
                } else {
                    p.pid = (u32)strtoul(f, &end, 10);
                    ok = *f && !*end;
                }
            } else if (i == 1) {
                if (is_unset_word(f))
                    p.mem_na = true;
                else
                    ok = parse_expr(f, &p.mem);
            } else if (i == 2) {
                ok = *f != 0;
                for (char *q = f; *q && ok; q++) {
                    p.compute |= *q == 'C';
                    p.graphics |= *q == 'G';
                    p.mps |= *q == 'M';
                    ok = strchr("CGM+", *q) != NULL;
                }
            } else if (i <= 6) {
                ok = parse_expr(f, util[i - 3]);
            } else {
                ok = false;
            }
        }
        ok = ok && i >= 3;
        if (ok) {
            Proc *n = realloc(g->procs, sizeof *n * (size_t)(g->nproc + 1));
            if (!n) {
                ok = false;
                break;
            }
            g->procs = n;
            g->procs[g->nproc++] = p;
        }
    }
    free(copy);
    return ok || fail(err, "processes: want pid:mem_mib:C|G|M[:sm[:mem[:enc[:dec]]]], ... in \"%s\"", raw);
}

static bool parse_bus_id(const char *s, u32 *dom, u32 *bus, u32 *dev)
{
    u32 a, b, c, f = 0;
    int n = 0;
    if (sscanf(s, "%x:%x:%x%n.%x%n", &a, &b, &c, &n, &f, &n) >= 3 && !s[n]) {
        *dom = a;
        *bus = b;
        *dev = c;
    } else if (n = 0, sscanf(s, "%x:%x%n.%x%n", &b, &c, &n, &f, &n) >= 2 && !s[n]) {
        *dom = 0;
        *bus = b;
        *dev = c;
    } else {
        return false;
    }
    return *bus < 256 && *dev < 32 && f < 8;
}

/* what can only be settled once a whole section was read */
static bool finish_gpu(Scenario *sc, int i, const Gpu *tmpl, Err *err)
{
    Gpu *g = &sc->g[i];
    for (int k = 0; k < G_COUNT; k++) {
        if (!g->v[k].s && tmpl->v[k].s && !set_val(&g->v[k], &gpu_defs[k], tmpl->v[k].s, err))
            return false;
        if (!g->v[k].s && gpu_defs[k].def && !set_val(&g->v[k], &gpu_defs[k], gpu_defs[k].def, err))
            return false;
    }
    for (Ovr *o = tmpl->ovr; o; o = o->next) {
        Ovr *q = g->ovr;
        while (q && (q->hang != o->hang || strcmp(q->name, o->name)))
            q = q->next;
        if (q)
            continue;
        size_t n = sizeof *o + strlen(o->name);
        q = malloc(n);
        if (!q)
            return fail(err, "out of memory");
        memcpy(q, o, n);
        q->next = g->ovr;
        g->ovr = q;
    }
    if (g->v[G_pci_bus_id].set) {
        if (!parse_bus_id(g->v[G_pci_bus_id].s, &g->domain, &g->bus, &g->device))
            return fail(err, "gpu%d: pci_bus_id \"%s\"", i, g->v[G_pci_bus_id].s);
    } else {
        g->bus = (u32)i + 1;
    }
    if (g->v[G_uuid].set)
        snprintf(g->uuid, sizeof g->uuid, "%s", g->v[G_uuid].s);
    else
        snprintf(g->uuid, sizeof g->uuid, "GPU-fa4e0000-0000-4000-8000-%012x", (u32)i);
    if (sscanf(g->v[G_cuda_cc].s, "%d.%d", &g->cc_major, &g->cc_minor) != 2)
        return fail(err, "gpu%d: cuda_cc wants major.minor", i);
    if (g->v[G_mig_mode].set && (g->v[G_mig_mode].e.kind != 'k' || g->v[G_mig_mode].e.a != 0))
        return fail(err, "gpu%d: mig_mode is disabled or unsupported; enabled is not modelled", i);
    if (g->v[G_processes].set && !parse_processes(g, g->v[G_processes].s, err))
        return false;
    return true;
}

static bool handle_line(Scenario *sc, Gpu *tmpl, Gpu **cur, bool *in_driver, char *line, Err *err)
{
    line = trim(line);
    if (!*line || *line == '#' || *line == ';')
        return true;
    if (*line == '[') {
        char *end = strchr(line, ']');
        if (!end || *trim(end + 1))
            return fail(err, "bad section header");
        *end = 0;
        char *name = trim(line + 1), *num;
        *in_driver = !strcmp(name, "driver");
        *cur = NULL;
        if (*in_driver)
            return true;
        if (!strcmp(name, "gpu*")) {
            *cur = tmpl;
            return true;
        }
        if (strncmp(name, "gpu", 3) || !isdigit((unsigned char)name[3]))
            return fail(err, "[%s]: sections are [driver], [gpu*] and [gpu0] to [gpu%d]", name, MAX_GPU - 1);
        unsigned long i = strtoul(name + 3, &num, 10);
        if (*num || i >= MAX_GPU)
            return fail(err, "[%s]: at most %d GPUs, [gpu0] to [gpu%d]", name, MAX_GPU, MAX_GPU - 1);
        if (sc->g[i].present)
            return fail(err, "[%s] stands twice", name);
        sc->g[i].present = true;
        *cur = &sc->g[i];
        return true;
    }
    char *eq = strchr(line, '=');
    if (!eq)
        return fail(err, "want key = value");
    *eq = 0;
    char *key = trim(line), *val = trim(eq + 1);
    if (*val == '"') {
        char *end = strchr(val + 1, '"');
        if (!end)
            return fail(err, "%s: unclosed quote", key);
        *end = 0;
        val++;
    } else {
        for (char *p = val; *p; p++)
            if ((*p == '#' || *p == ';') && (p == val || isspace((unsigned char)p[-1]))) {
                *p = 0;
                break;
            }
        val = trim(val);
    }
    if (!*in_driver && !*cur)
        return fail(err, "%s stands before any section", key);

    bool err_key = !strncmp(key, "error.", 6), hang_key = !strncmp(key, "hang_ms.", 8);
    if (err_key || hang_key)
        return add_override(*in_driver ? &sc->ovr : &(*cur)->ovr, key + (hang_key ? 8 : 6), hang_key, val, err);
    if (*in_driver) {
        if (!strcmp(key, "init_error"))
            return add_override(&sc->ovr, "init", false, val, err);
        if (!strncmp(key, "process_name.", 13)) {
            PidName *n = calloc(1, sizeof *n + strlen(val));
            if (!n)
                return fail(err, "out of memory");
            n->pid = (u32)strtoul(key + 13, NULL, 10);
            strcpy(n->name, val);
            n->next = sc->names;
            sc->names = n;
            return true;
        }
        for (int k = 0; k < D_COUNT; k++)
            if (!strcmp(drv_defs[k].name, key))
                return set_val(&sc->v[k], &drv_defs[k], val, err);
    } else {
        for (int k = 0; k < G_COUNT; k++)
            if (!strcmp(gpu_defs[k].name, key))
                return set_val(&(*cur)->v[k], &gpu_defs[k], val, err);
    }
    return fail(err, "%s: no such key here", key);
}

static Scenario *parse_scenario(const char *path, const struct stat *st, Err *err)
{
    err->line = 0;
    FILE *f = fopen(path, "re");
    if (!f) {
        fail(err, "%s", strerror(errno));
        return NULL;
    }
    Scenario *sc = calloc(1, sizeof *sc);
    Gpu *tmpl = calloc(1, sizeof *tmpl), *cur = NULL;
    bool in_driver = false, ok = sc && tmpl, any = false;
    char *line = NULL;
    size_t cap = 0;
    while (ok && getline(&line, &cap, f) >= 0) {
        err->line++;
        ok = handle_line(sc, tmpl, &cur, &in_driver, line, err);
        any |= in_driver || cur;
    }
    free(line);
    fclose(f);
    if (ok && !any)
        ok = fail(err, "no section in the file (being rewritten?)");
    for (int k = 0; k < D_COUNT && ok; k++)
        if (!sc->v[k].s && drv_defs[k].def)
            ok = set_val(&sc->v[k], &drv_defs[k], drv_defs[k].def, err);
    if (ok) {
        int n = 0;
        while (n < MAX_GPU && sc->g[n].present)
            n++;
        sc->ngpu = n;
        for (int i = n; i < MAX_GPU && ok; i++)
            if (sc->g[i].present)
                ok = fail(err, "[gpu%d] without [gpu%d]", i, n);
        for (int i = 0; i < n && ok; i++)
            ok = finish_gpu(sc, i, tmpl, err);
    }
    if (ok) {
        int major = 0, minor = 0;
        if (sscanf(sc->v[D_cuda].s, "%d.%d", &major, &minor) < 1)
            ok = fail(err, "cuda: want major.minor");
        sc->cuda = major >= 1000 ? major : major * 1000 + minor * 10;
        const char *b = sc->v[D_time_base].s;
        sc->base = !strcmp(b, "process") ? 'p' : !strcmp(b, "load") ? 'l' : !strcmp(b, "mtime") ? 'm' : 0;
        if (ok && !sc->base)
            ok = fail(err, "time_base is process, load or mtime");
        sc->mtime = (double)st->st_mtim.tv_sec + (double)st->st_mtim.tv_nsec / 1e9;
        sc->ref = 1;
    }
    if (tmpl)
        free_gpu(tmpl);
    free(tmpl);
    if (!ok) {
        free_scenario(sc);
        return NULL;
    }
    return sc;
}

/* --------------------------------------------------------- global state */

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static int init_count;           /* under mu */
static Scenario *current;        /* under mu; each user holds a ref */
static char scenario_path[2 * PATH_MAX];
static struct stat seen;         /* of the version last read, good or bad */
static bool seen_valid;
static int trace_fd = -1;        /* this and trace_path: under trace_mu */
static char trace_path[2 * PATH_MAX];
static pthread_mutex_t trace_mu = PTHREAD_MUTEX_INITIALIZER;
static double start_mono;        /* CLOCK_MONOTONIC at process start */
static double load_mono;         /* and when this library was loaded */
static char dev_token[MAX_GPU];  /* a device handle is the address of one of these */

static double now_on(clockid_t c)
{
    struct timespec ts;
    clock_gettime(c, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static u64 epoch_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (u64)ts.tv_sec * 1000000 + (u64)ts.tv_nsec / 1000;
}

static void find_process_start(void)
{
    char buf[1024], *p;
    start_mono = load_mono;
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = read(fd, buf, sizeof buf - 1);
    close(fd);
    if (n <= 0)
        return;
    buf[n] = 0;
    if (!(p = strrchr(buf, ')')))
        return;
    for (int i = 0; i < 20 && p; i++) /* field 22, starttime in clock ticks since boot */
        p = strchr(p + 1, ' ');
    if (!p)
        return;
    double started = (double)strtoull(p + 1, NULL, 10) / (double)sysconf(_SC_CLK_TCK);
    double age = now_on(CLOCK_BOOTTIME) - started;
    if (age >= 0)
        start_mono = now_on(CLOCK_MONOTONIC) - age;
}

static void release_locked(Scenario *sc)
{
    if (sc && --sc->ref == 0)
        free_scenario(sc);
}

/* a path from the environment, made absolute so that a chdir() does no harm */
static void env_path(const char *name, char *out, size_t size)
{
    const char *s = getenv(name);
    char cwd[PATH_MAX];
    if (!s || !*s)
        *out = 0;
    else if (*s == '/' || !getcwd(cwd, sizeof cwd))
        snprintf(out, size, "%s", s);
    else
        snprintf(out, size, "%s/%s", cwd, s);
}

static void read_env(void) /* under mu */
{
    char s[2 * PATH_MAX], t[2 * PATH_MAX];
    env_path("FAKENVML_SCENARIO", s, sizeof s);
    env_path("FAKENVML_TRACE", t, sizeof t);
    if (strcmp(scenario_path, s)) {
        strcpy(scenario_path, s);
        seen_valid = false;
        release_locked(current);
        current = NULL;
    }
    pthread_mutex_lock(&trace_mu);
    if (strcmp(trace_path, t)) {
        strcpy(trace_path, t);
        if (trace_fd >= 0)
            close(trace_fd);
        trace_fd = -1;
    }
    pthread_mutex_unlock(&trace_mu);
}

static void before_fork(void)
{
    pthread_mutex_lock(&mu);
    pthread_mutex_lock(&trace_mu);
}

static void after_fork_parent(void)
{
    pthread_mutex_unlock(&trace_mu);
    pthread_mutex_unlock(&mu);
}

static void after_fork_child(void)
{
    load_mono = now_on(CLOCK_MONOTONIC);
    find_process_start();
    after_fork_parent();
}

__attribute__((constructor)) static void on_load(void)
{
    c_locale();
    load_mono = now_on(CLOCK_MONOTONIC);
    find_process_start();
    read_env();
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* one line: function, CLOCK_MONOTONIC in ms, thread id, process id, gpuN or - */
static void trace(const char *fn, int dev)
{
    pthread_mutex_lock(&trace_mu);
    if (trace_path[0]) {
        struct stat st;
        if (trace_fd >= 0 && (fstat(trace_fd, &st) || !st.st_nlink)) {
            close(trace_fd); /* the test removed the file: begin a new one */
            trace_fd = -1;
        }
        if (trace_fd < 0)
            trace_fd = open(trace_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (trace_fd >= 0) {
            struct timespec ts;
            char buf[256], who[16] = "-";
            clock_gettime(CLOCK_MONOTONIC, &ts);
            if (dev >= 0)
                snprintf(who, sizeof who, "gpu%d", dev);
            int n = snprintf(buf, sizeof buf, "%s %lld.%03ld %ld %ld %s\n", fn,
                             (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, ts.tv_nsec / 1000 % 1000,
                             (long)syscall(SYS_gettid), (long)getpid(), who);
            if (n > 0 && write(trace_fd, buf, (size_t)n) < 0) {
                close(trace_fd);
                trace_fd = -1;
            }
        }
    }
    pthread_mutex_unlock(&trace_mu);
}

static double scenario_time(const Scenario *sc)
{
    double t;
    if (sc->v[D_freeze_t].set)
        return sc->v[D_freeze_t].e.a;
    if (sc->base == 'm')
        t = now_on(CLOCK_REALTIME) - sc->mtime;
    else
        t = now_on(CLOCK_MONOTONIC) - (sc->base == 'l' ? load_mono : start_mono);
    return t * sc->v[D_time_scale].e.a;
}

static double energy_since_load(const Scenario *sc, int i, double t)
{
    const Val *p = &sc->g[i].v[G_power_w];
    if (!p->set)
        return 0;
    return 1000 * (integrate_expr(&p->e, t) - integrate_expr(&p->e, sc->t_loaded));
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The scenario as of now, with a reference, and its time; NULL when none was ever
 * readable.  A file that is gone or cannot be parsed leaves the last good one in
 * force.  The time is taken under the lock, so that no answer out of a version
 * lies later than the version's end (which keeps the energy counter monotonic). */
static Scenario *acquire(double *time_now)
{
    struct stat st;
    pthread_mutex_lock(&mu);
    if (!scenario_path[0] || stat(scenario_path, &st)) {
        if (!current && init_count == 0) {
            fprintf(stderr, "fakenvml: FAKENVML_SCENARIO %s%s\n", scenario_path[0] ? "cannot be read: " : "is not set",
                    scenario_path);
        }
    } else if (!seen_valid || !same_file(&st, &seen)) {
        Err err = { scenario_path, 0, "" };
        Scenario *sc = parse_scenario(scenario_path, &st, &err);
        seen = st;
        seen_valid = true;
        if (!sc) {
            fprintf(stderr, "fakenvml: %s:%d: %s%s\n", err.path, err.line, err.msg,
                    current ? " (the last good version stays in force)" : "");
        } else {
            double t = scenario_time(sc), t_old = current ? scenario_time(current) : 0;
            sc->t_loaded = current && t > 0 ? t : 0;
            for (int i = 0; current && i < sc->ngpu && i < current->ngpu; i++)
                sc->energy[i] = current->energy[i] + energy_since_load(current, i, t_old);
            release_locked(current);
            current = sc;
        }
    }
    Scenario *sc = current;
    if (sc) {
        sc->ref++;
        *time_now = scenario_time(sc);
    }
    pthread_mutex_unlock(&mu);
    return sc;
}

static void release(Scenario *sc)
{
    if (!sc)
        return;
    pthread_mutex_lock(&mu);
    release_locked(sc);
    pthread_mutex_unlock(&mu);
}

/* --------------------------------------------- entering and leaving calls */

typedef struct { Scenario *sc; const Gpu *g; int i; double t; } Ctx;

static void drop(Ctx *c)
{
    release(c->sc);
    c->sc = NULL;
}

static bool in_fields(const char *name, const char *fields)
{
    size_t n = strlen(name);
    for (const char *p = fields; p && *p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (!strncmp(p, name, n) && (p[n] == '|' || !p[n]))
            return true;
    return false;
}

/* The override in force for this function: the function's own name wins over a
 * field's, that over a group's, that over "all"; [gpuN] wins over [driver]. */
static double override(const Ctx *c, bool hang, bool with_driver, const char *fn, const char *fields)
{
    int best = 0;
    double v = 0;
    for (int level = 0; level < 2; level++) {
        if (level == 0 ? !with_driver : !c->g)
            continue;
        for (const Ovr *o = level ? c->g->ovr : c->sc->ovr; o; o = o->next) {
            int score = o->hang != hang ? 0 : !strcmp(o->name, fn) ? 4 :
                        in_fields(o->name, fields) ? (o->group ? 2 : 3) : !strcmp(o->name, "all") ? 1 : 0;
            if (score && score + 4 * level > best) {
                best = score + 4 * level;
                v = eval_expr(&o->e, c->t);
            }
        }
    }
    return v;
}

/* Refresh c; block while the scenario says so; return the error it orders, if any.
 * A hang ends early when the scenario changes to a shorter one. */
static u32 gate(Ctx *c, const char *fn, const char *fields, int dev, bool with_driver)
{
    double start = now_on(CLOCK_MONOTONIC);
    for (;;) {
        drop(c);
        c->sc = acquire(&c->t);
        if (!c->sc)
            return R_UNKNOWN;
        c->i = dev;
        c->g = dev >= 0 && dev < c->sc->ngpu ? &c->sc->g[dev] : NULL;
        double left = override(c, true, with_driver, fn, fields) / 1000 - (now_on(CLOCK_MONOTONIC) - start);
        if (!(left > 0))
            break;
        drop(c);
        if (left > 0.02)
            left = 0.02;
        struct timespec ts = { 0, (long)(left * 1e9) };
        nanosleep(&ts, NULL);
    }
    if (dev >= 0 && !c->g)
        return R_LOST; /* its section has left the scenario */
    return (u32)override(c, false, with_driver, fn, fields);
}

static bool initialized(void)
{
    pthread_mutex_lock(&mu);
    bool r = init_count > 0;
    pthread_mutex_unlock(&mu);
    return r;
}

static int index_of(const void *dev)
{
    uintptr_t p = (uintptr_t)dev, b = (uintptr_t)dev_token;
    return p >= b && p < b + MAX_GPU ? (int)(p - b) : -1;
}

static u32 enter_sys(Ctx *c, const char *fn, const char *fields)
{
    trace(fn, -1);
    return initialized() ? gate(c, fn, fields, -1, true) : R_UNINIT;
}

static u32 enter_dev(Ctx *c, const char *fn, const char *fields, const void *dev)
{
    int i = index_of(dev);
    trace(fn, i);
    if (!initialized())
        return R_UNINIT;
    return i < 0 ? R_INVAL : gate(c, fn, fields, i, true);
}

#define ENTER(call) \
    __attribute__((cleanup(drop))) Ctx c = { NULL, NULL, -1, 0 }; \
    do { \
        u32 rc_ = (call); \
        if (rc_) \
            return rc_; \
    } while (0)
#define SYS(fields) ENTER(enter_sys(&c, __func__, fields))
#define DEV(fields) ENTER(enter_dev(&c, __func__, fields, dev))
#define NEED(cond) \
    do { \
        if (!(cond)) \
            return R_INVAL; \
    } while (0)

/* ------------------------------------------------------- value accessors */

static bool has(const Ctx *c, int key)
{
    return c->g->v[key].set;
}

static double num_at(const Ctx *c, int key, double t)
{
    return c->g->v[key].set ? eval_expr(&c->g->v[key].e, t) : 0;
}

static u64 round_u64(double v)
{
    return v > 0 ? (u64)(v + 0.5) : 0;
}

static u32 round_u32(double v)
{
    return v >= 4294967295.0 ? NA32 : (u32)round_u64(v);
}

static u64 val64(const Ctx *c, int key, double scale)
{
    return round_u64(num_at(c, key, c->t) * scale);
}

static u32 val(const Ctx *c, int key, double scale)
{
    return round_u32(num_at(c, key, c->t) * scale);
}

static u32 pct_of(double v)
{
    u32 r = round_u32(v);
    return r > 100 ? 100 : r;
}

static u32 pct(const Ctx *c, int key)
{
    return pct_of(num_at(c, key, c->t));
}

static u32 put(const Ctx *c, int key, double scale, u32 *out)
{
    NEED(out);
    if (!has(c, key))
        return R_NOTSUP;
    *out = val(c, key, scale);
    return R_OK_;
}

/* key, or when it is not set the next best one */
static u32 put_or(const Ctx *c, int key, int other, double scale, u32 *out)
{
    return put(c, has(c, key) ? key : other, scale, out);
}

static u32 put_str(const char *s, char *out, u32 len)
{
    NEED(out);
    if (!s)
        return R_NOTSUP;
    if (strlen(s) + 1 > len)
        return R_SIZE;
    strcpy(out, s);
    return R_OK_;
}

static const char *text(const Ctx *c, int key)
{
    return c->g->v[key].set ? c->g->v[key].s : NULL;
}

/* "9501,810" or "2100:210:15" (from, to, step) */
static int int_list(const char *s, u32 *out, int max)
{
    int n = 0;
    while (*s) {
        char *end;
        u32 a = (u32)strtoul(s, &end, 10), b = a, step = 1;
        if (end == s)
            break;
        if (*end == ':')
            b = (u32)strtoul(end + 1, &end, 10);
        if (*end == ':')
            step = (u32)strtoul(end + 1, &end, 10);
        if (!step)
            step = 1;
        for (long v = a; a >= b ? v >= (long)b : v <= (long)b; v += a >= b ? -(long)step : (long)step)
            if (n < max)
                out[n++] = (u32)v;
        s = *end ? end + 1 : end;
    }
    return n;
}

#define GET_KEY(fn, fields, key, scale) \
    API u32 fn(void *dev, u32 *out) { DEV(fields); return put(&c, G_##key, scale, out); }
#define GET_KEY_OR(fn, fields, key, other, scale) \
    API u32 fn(void *dev, u32 *out) { DEV(fields); return put_or(&c, G_##key, G_##other, scale, out); }
#define GET_CONST(fn, fields, value) \
    API u32 fn(void *dev, u32 *out) { DEV(fields); NEED(out); *out = (value); return R_OK_; }
#define GET_TEXT(fn, key) \
    API u32 fn(void *dev, char *out, u32 len) { DEV(#key); return put_str(text(&c, G_##key), out, len); }

/* -------------------------------------------------- init, system, errors */

static u32 do_init(const char *fn)
{
    __attribute__((cleanup(drop))) Ctx c = { NULL, NULL, -1, 0 };
    pthread_mutex_lock(&mu);
    if (!init_count)
        read_env();
    pthread_mutex_unlock(&mu);
    trace(fn, -1);
    u32 rc = gate(&c, fn, "init", -1, true);
    if (rc)
        return rc;
    pthread_mutex_lock(&mu);
    init_count++;
    pthread_mutex_unlock(&mu);
    return R_OK_;
}

API u32 nvmlInit(void) { return do_init(__func__); }
API u32 nvmlInit_v2(void) { return do_init(__func__); }
API u32 nvmlInitWithFlags(u32 flags) { (void)flags; return do_init(__func__); }

API u32 nvmlShutdown(void)
{
    SYS("shutdown");
    pthread_mutex_lock(&mu);
    u32 rc = init_count > 0 ? R_OK_ : R_UNINIT;
    if (!rc)
        init_count--;
    pthread_mutex_unlock(&mu);
    return rc;
}

API const char *nvmlErrorString(u32 code)
{
    static const char *const text_of[] = {
        "Success", "Uninitialized", "Invalid Argument", "Not Supported", "Insufficient Permissions",
        "Already Initialized", "Not Found", "Insufficient Size", "Insufficient External Power",
        "Driver Not Loaded", "Timeout", "Interrupt Request Issue", "NVML Shared Library Not Found",
        "Function Not Found", "Corrupted infoROM", "GPU is lost", "GPU requires reset",
        "The operating system has blocked the request.", "Driver/library version mismatch", "In use",
        "Insufficient Memory", "No data", "vGPU operation not available with ECC enabled",
        "Insufficient Resources", "Frequency not supported", "Argument version mismatch", "Deprecated",
        "Not ready", "GPU not found", "Invalid state", "Reset type not supported",
    };
    trace(__func__, -1);
    return code < sizeof text_of / sizeof *text_of ? text_of[code] : "Unknown Error";
}

API u32 nvmlSystemGetDriverVersion(char *out, u32 len)
{
    SYS("driver_version");
    return put_str(c.sc->v[D_version].s, out, len);
}

/* Needs no nvmlInit, as in the real library: it is how a program names the
 * library's version after init failed with a version mismatch. */
API u32 nvmlSystemGetNVMLVersion(char *out, u32 len)
{
    trace(__func__, -1);
    NEED(out);
    double t;
    Scenario *sc = acquire(&t);
    if (!sc)
        return R_UNKNOWN;
    char buf[96];
    if (sc->v[D_nvml].set)
        snprintf(buf, sizeof buf, "%s", sc->v[D_nvml].s);
    else
        snprintf(buf, sizeof buf, "%d.%s", sc->cuda / 1000, sc->v[D_version].s);
    release(sc);
    return put_str(buf, out, len);
}

API u32 nvmlSystemGetCudaDriverVersion(int *out)
{
    SYS("driver_version");
    NEED(out);
    *out = c.sc->cuda;
    return R_OK_;
}

API u32 nvmlSystemGetCudaDriverVersion_v2(int *out)
{
    SYS("driver_version");
    NEED(out);
    *out = c.sc->cuda;
    return R_OK_;
}

API u32 nvmlSystemGetDriverBranch(Branch *b, u32 len)
{
    SYS("driver_version");
    NEED(b);
    if (b->version != V_BRANCH)
        return R_VERSION;
    char buf[80];
    if (c.sc->v[D_branch].set)
        snprintf(buf, sizeof buf, "%s", c.sc->v[D_branch].s);
    else
        snprintf(buf, sizeof buf, "r%d_00", atoi(c.sc->v[D_version].s));
    return put_str(buf, b->branch, len < sizeof b->branch ? len : sizeof b->branch);
}

API u32 nvmlSystemGetProcessName(u32 pid, char *out, u32 len)
{
    SYS("process_name");
    NEED(out && len);
    char buf[1024];
    const char *name = NULL;
    for (const PidName *n = c.sc->names; n; n = n->next)
        if (n->pid == pid)
            name = n->name;
    if (!name) {
        snprintf(buf, sizeof buf, "/proc/%u/cmdline", pid);
        int fd = open(buf, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return R_NOTFOUND;
        ssize_t n = read(fd, buf, sizeof buf - 1);
        close(fd);
        buf[n > 0 ? n : 0] = 0; /* argv[0] ends at its NUL */
        name = buf;
    }
    snprintf(out, len, "%s", name);
    return R_OK_;
}

API u32 nvmlSystemGetHicVersion(u32 *count, void *entries)
{
    (void)entries;
    SYS("");
    NEED(count);
    *count = 0;
    return R_OK_;
}

API u32 nvmlUnitGetCount(u32 *out)
{
    SYS("");
    NEED(out);
    *out = 0;
    return R_OK_;
}

API u32 nvmlGetExcludedDeviceCount(u32 *out)
{
    SYS("");
    NEED(out);
    *out = 0;
    return R_OK_;
}

/* ------------------------------------------------------ finding a device */

static u32 count_impl(const char *fn, u32 *out)
{
    ENTER(enter_sys(&c, fn, "count"));
    NEED(out);
    *out = (u32)c.sc->ngpu;
    return R_OK_;
}

API u32 nvmlDeviceGetCount(u32 *out) { return count_impl(__func__, out); }
API u32 nvmlDeviceGetCount_v2(u32 *out) { return count_impl(__func__, out); }

/* the last step of every look-up: the GPU's own hang and error settings for "handle" */
static u32 hand_out(Ctx *c, const char *fn, int i, void **out)
{
    u32 rc = gate(c, fn, "handle", i, false);
    if (!rc)
        *out = &dev_token[i];
    return rc;
}

static u32 by_index(const char *fn, u32 index, void **out)
{
    ENTER(enter_sys(&c, fn, "handle"));
    NEED(out && index < (u32)c.sc->ngpu);
    return hand_out(&c, fn, (int)index, out);
}

API u32 nvmlDeviceGetHandleByIndex(u32 index, void **out) { return by_index(__func__, index, out); }
API u32 nvmlDeviceGetHandleByIndex_v2(u32 index, void **out) { return by_index(__func__, index, out); }

API u32 nvmlDeviceGetHandleByUUID(const char *uuid, void **out)
{
    SYS("handle");
    NEED(uuid && out);
    for (int i = 0; i < c.sc->ngpu; i++)
        if (!strcasecmp(c.sc->g[i].uuid, uuid))
            return hand_out(&c, __func__, i, out);
    return R_NOTFOUND;
}

API u32 nvmlDeviceGetHandleByUUIDV(const UuidV *uuid, void **out)
{
    SYS("handle");
    NEED(uuid && out);
    if (uuid->version != V_UUID)
        return R_VERSION;
    NEED(uuid->type == 1 || uuid->type == 2);
    for (int i = 0; i < c.sc->ngpu; i++) {
        const char *s = c.sc->g[i].uuid;
        bool same = uuid->type == 1 && !strncasecmp(s, uuid->v.str, sizeof uuid->v.str);
        if (uuid->type == 2) {
            char want[33], have[33];
            int n = 0;
            for (int k = 0; k < 16; k++)
                snprintf(want + 2 * k, 3, "%02x", uuid->v.bytes[k]);
            for (s = strncmp(s, "GPU-", 4) ? s : s + 4; *s && n < 32; s++)
                if (isxdigit((unsigned char)*s))
                    have[n++] = (char)tolower((unsigned char)*s);
            have[n] = 0;
            same = !strcmp(want, have);
        }
        if (same)
            return hand_out(&c, __func__, i, out);
    }
    return R_NOTFOUND;
}

API u32 nvmlDeviceGetHandleBySerial(const char *serial, void **out)
{
    SYS("handle");
    NEED(serial && out);
    for (int i = 0; i < c.sc->ngpu; i++)
        if (c.sc->g[i].v[G_serial].set && !strcmp(c.sc->g[i].v[G_serial].s, serial))
            return hand_out(&c, __func__, i, out);
    return R_NOTFOUND;
}

static u32 by_pci(const char *fn, const char *id, void **out)
{
    ENTER(enter_sys(&c, fn, "handle"));
    u32 dom, bus, d;
    NEED(id && out && parse_bus_id(id, &dom, &bus, &d));
    for (int i = 0; i < c.sc->ngpu; i++)
        if (c.sc->g[i].domain == dom && c.sc->g[i].bus == bus && c.sc->g[i].device == d)
            return hand_out(&c, fn, i, out);
    return R_NOTFOUND;
}

API u32 nvmlDeviceGetHandleByPciBusId(const char *id, void **out) { return by_pci(__func__, id, out); }
API u32 nvmlDeviceGetHandleByPciBusId_v2(const char *id, void **out) { return by_pci(__func__, id, out); }

/* -------------------------------------------------------------- identity */

GET_TEXT(nvmlDeviceGetName, name)
GET_TEXT(nvmlDeviceGetSerial, serial)
GET_TEXT(nvmlDeviceGetVbiosVersion, vbios)
GET_TEXT(nvmlDeviceGetBoardPartNumber, board_part_number)
GET_TEXT(nvmlDeviceGetInforomImageVersion, inforom_image)

API u32 nvmlDeviceGetUUID(void *dev, char *out, u32 len)
{
    DEV("uuid");
    return put_str(c.g->uuid, out, len);
}

API u32 nvmlDeviceGetGspFirmwareVersion(void *dev, char *out)
{
    DEV("gsp_version");
    return put_str(text(&c, G_gsp_version), out, 64);
}

API u32 nvmlDeviceGetGspFirmwareMode(void *dev, u32 *enabled, u32 *def)
{
    DEV("gsp_version");
    NEED(enabled && def);
    *enabled = *def = has(&c, G_gsp_version);
    return R_OK_;
}

API u32 nvmlDeviceGetIndex(void *dev, u32 *out)
{
    DEV("index");
    NEED(out);
    *out = (u32)c.i;
    return R_OK_;
}

API u32 nvmlDeviceGetMinorNumber(void *dev, u32 *out)
{
    DEV("minor_number");
    NEED(out);
    *out = has(&c, G_minor_number) ? val(&c, G_minor_number, 1) : (u32)c.i;
    return R_OK_;
}

API u32 nvmlDeviceGetBoardId(void *dev, u32 *out)
{
    DEV("pci");
    NEED(out);
    *out = c.g->domain << 16 | c.g->bus << 8 | c.g->device << 3;
    return R_OK_;
}

GET_KEY(nvmlDeviceGetMultiGpuBoard, "multi_gpu_board", multi_gpu_board, 1)
GET_KEY(nvmlDeviceGetBrand, "brand", brand, 1)
GET_KEY(nvmlDeviceGetArchitecture, "arch", arch, 1)
GET_KEY(nvmlDeviceGetNumGpuCores, "gpu_cores", gpu_cores, 1)
GET_KEY(nvmlDeviceGetMemoryBusWidth, "mem_bus_width", mem_bus_width, 1)
GET_KEY(nvmlDeviceGetIrqNum, "irq", irq, 1)
GET_KEY(nvmlDeviceGetPowerSource, "power_source", power_source, 1)
GET_KEY(nvmlDeviceGetNumaNodeId, "numa_node", numa_node, 1)
GET_KEY(nvmlDeviceGetInforomConfigurationChecksum, "inforom_checksum", inforom_checksum, 1)
GET_CONST(nvmlDeviceGetBusType, "pci", 2)
GET_CONST(nvmlDeviceGetAdaptiveClockInfoStatus, "clock", 1)
GET_CONST(nvmlDeviceGetVirtualizationMode, "", 0)
GET_CONST(nvmlDeviceIsMigDeviceHandle, "mig_mode", 0)
GET_CONST(nvmlDeviceGetMaxMigDeviceCount, "mig_mode", 0)

API u32 nvmlDeviceGetCudaComputeCapability(void *dev, int *major, int *minor)
{
    DEV("cuda_cc");
    NEED(major && minor);
    *major = c.g->cc_major;
    *minor = c.g->cc_minor;
    return R_OK_;
}

static u32 pci_v2(const char *fn, void *dev, PciV2 *p)
{
    ENTER(enter_dev(&c, fn, "pci|pci_bus_id", dev));
    NEED(p);
    memset(p, 0, sizeof *p);
    snprintf(p->busId, sizeof p->busId, "%04X:%02X:%02X.0", c.g->domain & 0xFFFF, c.g->bus, c.g->device);
    p->domain = c.g->domain;
    p->bus = c.g->bus;
    p->device = c.g->device;
    p->pciDeviceId = val(&c, G_pci_device_id, 1);
    p->pciSubSystemId = val(&c, G_pci_subsystem_id, 1);
    return R_OK_;
}

API u32 nvmlDeviceGetPciInfo(void *dev, PciV2 *p) { return pci_v2(__func__, dev, p); }
API u32 nvmlDeviceGetPciInfo_v2(void *dev, PciV2 *p) { return pci_v2(__func__, dev, p); }

API u32 nvmlDeviceGetPciInfo_v3(void *dev, PciV3 *p)
{
    DEV("pci|pci_bus_id");
    NEED(p);
    memset(p, 0, sizeof *p);
    snprintf(p->busIdLegacy, sizeof p->busIdLegacy, "%04X:%02X:%02X.0", c.g->domain & 0xFFFF, c.g->bus, c.g->device);
    snprintf(p->busId, sizeof p->busId, "%08X:%02X:%02X.0", c.g->domain, c.g->bus, c.g->device);
    p->domain = c.g->domain;
    p->bus = c.g->bus;
    p->device = c.g->device;
    p->pciDeviceId = val(&c, G_pci_device_id, 1);
    p->pciSubSystemId = val(&c, G_pci_subsystem_id, 1);
    return R_OK_;
}

API u32 nvmlDeviceGetPciInfoExt(void *dev, PciExt *p)
{
    DEV("pci|pci_bus_id");
    NEED(p);
    if (p->version != V_PCIEXT)
        return R_VERSION;
    snprintf(p->busId, sizeof p->busId, "%08X:%02X:%02X.0", c.g->domain, c.g->bus, c.g->device);
    p->domain = c.g->domain;
    p->bus = c.g->bus;
    p->device = c.g->device;
    p->pciDeviceId = val(&c, G_pci_device_id, 1);
    p->pciSubSystemId = val(&c, G_pci_subsystem_id, 1);
    p->baseClass = 3;
    p->subClass = has(&c, G_display_mode) && val(&c, G_display_mode, 1) ? 0 : 2;
    return R_OK_;
}

API u32 nvmlDeviceOnSameBoard(void *dev, void *dev2, int *out)
{
    DEV("pci");
    NEED(out && index_of(dev2) >= 0);
    *out = dev == dev2;
    return R_OK_;
}

static u32 cpu_mask(u32 words, unsigned long *set)
{
    NEED(set && words);
    long n = sysconf(_SC_NPROCESSORS_CONF);
    for (u32 w = 0; w < words; w++) {
        long left = n - (long)w * (long)(8 * sizeof *set);
        set[w] = left <= 0 ? 0 : left >= (long)(8 * sizeof *set) ? ~0ul : (1ul << left) - 1;
    }
    return R_OK_;
}

API u32 nvmlDeviceGetCpuAffinity(void *dev, u32 words, unsigned long *set)
{
    DEV("");
    return cpu_mask(words, set);
}

API u32 nvmlDeviceGetCpuAffinityWithinScope(void *dev, u32 words, unsigned long *set, u32 scope)
{
    (void)scope;
    DEV("");
    return cpu_mask(words, set);
}

/* ---------------------------------------------------------------- memory */

#define MIB 1048576.0
#define F_MEM "mem|mem_used_mib|mem_total_mib|mem_reserved_mib"

static void memory(const Ctx *c, u64 *total, u64 *reserved, u64 *used)
{
    *total = val64(c, G_mem_total_mib, MIB);
    *reserved = val64(c, G_mem_reserved_mib, MIB);
    *used = val64(c, G_mem_used_mib, MIB);
    if (*reserved > *total)
        *reserved = *total;
    if (*used > *total - *reserved)
        *used = *total - *reserved;
}

API u32 nvmlDeviceGetMemoryInfo(void *dev, MemV1 *m)
{
    DEV(F_MEM);
    NEED(m);
    u64 total, reserved, used;
    memory(&c, &total, &reserved, &used);
    m->total = total;
    m->used = used + reserved; /* v1 has no "reserved": it counts as used */
    m->free = total - m->used;
    return R_OK_;
}

API u32 nvmlDeviceGetMemoryInfo_v2(void *dev, MemV2 *m)
{
    DEV(F_MEM);
    NEED(m);
    if (m->version != V_MEM2)
        return R_VERSION;
    memory(&c, &m->total, &m->reserved, &m->used);
    m->free = m->total - m->reserved - m->used;
    return R_OK_;
}

API u32 nvmlDeviceGetBAR1MemoryInfo(void *dev, Bar1 *b)
{
    DEV("bar1|bar1_total_mib|bar1_used_mib");
    NEED(b);
    if (!has(&c, G_bar1_total_mib))
        return R_NOTSUP;
    b->total = val64(&c, G_bar1_total_mib, MIB);
    b->used = val64(&c, G_bar1_used_mib, MIB);
    if (b->used > b->total)
        b->used = b->total;
    b->free = b->total - b->used;
    return R_OK_;
}

/* ----------------------------------------------------------- utilization */

API u32 nvmlDeviceGetUtilizationRates(void *dev, Util *u)
{
    DEV("util|util_gpu|util_mem");
    NEED(u);
    if (!has(&c, G_util_gpu))
        return R_NOTSUP;
    u->gpu = pct(&c, G_util_gpu);
    u->memory = pct(&c, G_util_mem);
    return R_OK_;
}

#define ENGINE_UTIL(fn, key) \
    API u32 fn(void *dev, u32 *util, u32 *period_us) \
    { \
        DEV(#key); \
        NEED(util && period_us); \
        if (!has(&c, G_##key)) \
            return R_NOTSUP; \
        *util = pct(&c, G_##key); \
        *period_us = 167000; \
        return R_OK_; \
    }
ENGINE_UTIL(nvmlDeviceGetEncoderUtilization, util_enc)
ENGINE_UTIL(nvmlDeviceGetDecoderUtilization, util_dec)
ENGINE_UTIL(nvmlDeviceGetJpgUtilization, util_jpg)
ENGINE_UTIL(nvmlDeviceGetOfaUtilization, util_ofa)

API u32 nvmlDeviceGetDynamicPstatesInfo(void *dev, DynPstates *d)
{
    DEV("util|util_gpu|util_mem");
    NEED(d);
    memset(d, 0, sizeof *d);
    const int key[2] = { G_util_gpu, G_util_mem };
    for (int i = 0; i < 2; i++)
        if (has(&c, key[i])) {
            d->u[i].isPresent = 1;
            d->u[i].percentage = pct(&c, key[i]);
        }
    return R_OK_;
}

API u32 nvmlDeviceGetEncoderCapacity(void *dev, u32 type, u32 *out)
{
    DEV("util_enc");
    NEED(out && type < 3);
    *out = 100 - pct(&c, G_util_enc);
    return R_OK_;
}

API u32 nvmlDeviceGetEncoderStats(void *dev, u32 *sessions, u32 *fps, u32 *latency)
{
    DEV("util_enc");
    NEED(sessions && fps && latency);
    *sessions = *fps = *latency = 0;
    return R_OK_;
}

API u32 nvmlDeviceGetEncoderSessions(void *dev, u32 *count, void *infos)
{
    (void)infos;
    DEV("util_enc");
    NEED(count);
    *count = 0;
    return R_OK_;
}

API u32 nvmlDeviceGetFBCStats(void *dev, FbcStats *s)
{
    DEV("");
    NEED(s);
    memset(s, 0, sizeof *s);
    return R_OK_;
}

API u32 nvmlDeviceGetFBCSessions(void *dev, u32 *count, void *infos)
{
    (void)infos;
    DEV("");
    NEED(count);
    *count = 0;
    return R_OK_;
}

/* What the sampling buffers would hold: one value per 100 ms over the last 10 s. */
#define TICK_US 100000ull
#define TICKS 100

API u32 nvmlDeviceGetSamples(void *dev, u32 type, u64 last, u32 *value_type, u32 *count, Sample *out)
{
    static const struct { int key; double scale; } src[] = {
        { G_power_w, 1000 }, { G_util_gpu, 1 }, { G_util_mem, 1 }, { G_util_enc, 1 }, { G_util_dec, 1 },
        { G_clock_sm, 1 }, { G_clock_mem, 1 }, { -1, 1 }, { G_util_jpg, 1 }, { G_util_ofa, 1 },
    };
    DEV("samples");
    NEED(value_type && count && type < sizeof src / sizeof *src);
    if (src[type].key < 0 || !has(&c, src[type].key))
        return R_NOTSUP;
    *value_type = 1; /* unsigned int */
    if (!out) {
        *count = TICKS;
        return R_OK_;
    }
    u64 now = epoch_us(), newest = now / TICK_US * TICK_US;
    u32 n = 0;
    for (int k = TICKS - 1; k >= 0; k--) {
        u64 ts = newest - (u64)k * TICK_US;
        if (ts <= last || n >= *count)
            continue;
        double t = c.t - (double)(now - ts) / 1e6, v = num_at(&c, src[type].key, t) * src[type].scale;
        memset(&out[n], 0, sizeof *out);
        out[n].ts = ts;
        out[n++].value.ui = (type >= 1 && type <= 4) || type > 6 ? pct_of(v) : round_u32(v);
    }
    *count = n;
    return n ? R_OK_ : R_NOTFOUND;
}

/* ----------------------------------------------------------- temperature */

API u32 nvmlDeviceGetTemperature(void *dev, u32 sensor, u32 *out)
{
    DEV("temp|temp_c");
    NEED(out && sensor < 2);
    return sensor ? R_NOTSUP : put(&c, G_temp_c, 1, out);
}

API u32 nvmlDeviceGetTemperatureV(void *dev, TempV *t)
{
    DEV("temp|temp_c");
    NEED(t);
    if (t->version != V_TEMP)
        return R_VERSION;
    NEED(t->sensor < 2);
    if (t->sensor || !has(&c, G_temp_c))
        return R_NOTSUP;
    t->temperature = (int)lround(num_at(&c, G_temp_c, c.t));
    return R_OK_;
}

API u32 nvmlDeviceGetTemperatureThreshold(void *dev, u32 type, u32 *out)
{
    static const int key[] = { G_temp_shutdown, G_temp_slowdown, G_temp_mem_max, G_temp_gpu_max,
                               G_temp_acoustic_min, G_temp_acoustic_curr, G_temp_acoustic_max };
    char fields[64] = "temp";
    if (type < sizeof key / sizeof *key)
        snprintf(fields, sizeof fields, "temp|%s", gpu_defs[key[type]].name);
    DEV(fields);
    NEED(out && type < 8);
    return type < sizeof key / sizeof *key ? put(&c, key[type], 1, out) : R_NOTSUP;
}

API u32 nvmlDeviceGetThermalSettings(void *dev, u32 sensor, Thermal *th)
{
    DEV("temp|temp_c");
    NEED(th && (sensor == 0 || sensor == 15));
    if (!has(&c, G_temp_c))
        return R_NOTSUP;
    memset(th, 0, sizeof *th);
    th->count = 1;
    th->s[0] = (ThermalSensor){ 1, 0, 127, (int)lround(num_at(&c, G_temp_c, c.t)), 1 };
    return R_OK_;
}

API u32 nvmlDeviceGetMarginTemperature(void *dev, Margin *m)
{
    DEV("temp|temp_margin_c");
    NEED(m);
    if (m->version != V_MARGIN)
        return R_VERSION;
    if (!has(&c, G_temp_margin_c))
        return R_NOTSUP;
    m->margin = (int)lround(num_at(&c, G_temp_margin_c, c.t));
    return R_OK_;
}

/* ------------------------------------------------------------------ fans */

static u32 fans(const Ctx *c)
{
    return has(c, G_num_fans) ? val(c, G_num_fans, 1) : has(c, G_fan_pct) ? 1 : 0;
}

GET_KEY(nvmlDeviceGetFanSpeed, "fan|fan_pct", fan_pct, 1)

API u32 nvmlDeviceGetNumFans(void *dev, u32 *out)
{
    DEV("fan|num_fans");
    NEED(out);
    if (!fans(&c))
        return R_NOTSUP;
    *out = fans(&c);
    return R_OK_;
}

API u32 nvmlDeviceGetFanSpeed_v2(void *dev, u32 fan, u32 *out)
{
    DEV("fan|fan_pct");
    NEED(out);
    if (!fans(&c))
        return R_NOTSUP;
    NEED(fan < fans(&c));
    return put(&c, G_fan_pct, 1, out);
}

API u32 nvmlDeviceGetTargetFanSpeed(void *dev, u32 fan, u32 *out)
{
    DEV("fan|fan_pct|fan_target_pct");
    NEED(out);
    if (!fans(&c))
        return R_NOTSUP;
    NEED(fan < fans(&c));
    return put_or(&c, G_fan_target_pct, G_fan_pct, 1, out);
}

API u32 nvmlDeviceGetMinMaxFanSpeed(void *dev, u32 *min, u32 *max)
{
    DEV("fan|fan_min_pct|fan_max_pct");
    NEED(min && max);
    u32 rc = put(&c, G_fan_min_pct, 1, min);
    return rc ? rc : put(&c, G_fan_max_pct, 1, max);
}

API u32 nvmlDeviceGetFanControlPolicy_v2(void *dev, u32 fan, u32 *out)
{
    DEV("fan|fan_policy");
    NEED(out);
    if (!fans(&c))
        return R_NOTSUP;
    NEED(fan < fans(&c));
    return put(&c, G_fan_policy, 1, out);
}

API u32 nvmlDeviceGetFanSpeedRPM(void *dev, FanRpm *f)
{
    DEV("fan|fan_rpm");
    NEED(f);
    if (f->version != V_FANRPM)
        return R_VERSION;
    if (!fans(&c))
        return R_NOTSUP;
    NEED(f->fan < fans(&c));
    return put(&c, G_fan_rpm, 1, &f->speed);
}

/* ---------------------------------------------------------------- clocks */

static const int clock_key[4] = { G_clock_graphics, G_clock_sm, G_clock_mem, G_clock_video };
static const int max_clock_key[4] = { G_max_clock_graphics, G_max_clock_sm, G_max_clock_mem, G_max_clock_video };
static const char *const clock_fields[4] = { "clock|clock_graphics", "clock|clock_sm", "clock|clock_mem",
                                             "clock|clock_video" };
static const char *const max_clock_fields[4] = { "clock|max_clock_graphics", "clock|max_clock_sm",
                                                 "clock|max_clock_mem", "clock|max_clock_video" };

static u32 put_clock(const Ctx *c, u32 type, bool max, u32 *out)
{
    const int *key = max ? max_clock_key : clock_key;
    if (type == 0 && !has(c, key[0]) && !c->g->v[key[0]].s)
        type = 1; /* graphics follows sm where the scenario is silent */
    return put(c, key[type], 1, out);
}

API u32 nvmlDeviceGetClockInfo(void *dev, u32 type, u32 *out)
{
    DEV(clock_fields[type & 3]);
    NEED(out && type < 4);
    return put_clock(&c, type, false, out);
}

API u32 nvmlDeviceGetMaxClockInfo(void *dev, u32 type, u32 *out)
{
    DEV(max_clock_fields[type & 3]);
    NEED(out && type < 4);
    return put_clock(&c, type, true, out);
}

static u32 app_clock(const Ctx *c, u32 type, u32 *out)
{
    NEED(out && type < 4);
    return type == 3 ? R_NOTSUP : put(c, type == 2 ? G_app_clock_mem : G_app_clock_graphics, 1, out);
}

API u32 nvmlDeviceGetClock(void *dev, u32 type, u32 id, u32 *out)
{
    DEV(clock_fields[type & 3]);
    NEED(out && type < 4 && id < 4);
    return id == 0 ? put_clock(&c, type, false, out) : id == 3 ? R_NOTSUP : app_clock(&c, type, out);
}

API u32 nvmlDeviceGetApplicationsClock(void *dev, u32 type, u32 *out)
{
    DEV("clock|app_clock_graphics|app_clock_mem");
    return app_clock(&c, type, out);
}

API u32 nvmlDeviceGetDefaultApplicationsClock(void *dev, u32 type, u32 *out)
{
    DEV("clock|app_clock_graphics|app_clock_mem");
    return app_clock(&c, type, out);
}

static u32 put_list(const char *s, u32 *count, u32 *out)
{
    u32 all[512];
    NEED(count);
    if (!s)
        return R_NOTSUP;
    u32 n = (u32)int_list(s, all, 512), room = *count;
    *count = n;
    if (!out || room < n)
        return n ? R_SIZE : R_OK_;
    memcpy(out, all, n * sizeof *all);
    return R_OK_;
}

API u32 nvmlDeviceGetSupportedMemoryClocks(void *dev, u32 *count, u32 *out)
{
    DEV("clock|supported_mem_clocks");
    return put_list(text(&c, G_supported_mem_clocks), count, out);
}

API u32 nvmlDeviceGetSupportedGraphicsClocks(void *dev, u32 mem, u32 *count, u32 *out)
{
    DEV("clock|supported_gfx_clocks");
    if (has(&c, G_supported_mem_clocks)) {
        u32 all[512];
        int n = int_list(text(&c, G_supported_mem_clocks), all, 512), i = 0;
        while (i < n && all[i] != mem)
            i++;
        if (i == n)
            return R_NOTFOUND;
    }
    return put_list(text(&c, G_supported_gfx_clocks), count, out);
}

static u32 event_reasons(const char *fn, void *dev, int key, u64 *out)
{
    ENTER(enter_dev(&c, fn, key == G_throttle ? "throttle" : "throttle_supported", dev));
    NEED(out);
    if (!has(&c, key))
        return R_NOTSUP;
    *out = val64(&c, key, 1);
    return R_OK_;
}

#define REASONS(fn, key) API u32 fn(void *dev, u64 *out) { return event_reasons(__func__, dev, key, out); }
REASONS(nvmlDeviceGetCurrentClocksThrottleReasons, G_throttle)
REASONS(nvmlDeviceGetCurrentClocksEventReasons, G_throttle)
REASONS(nvmlDeviceGetSupportedClocksThrottleReasons, G_throttle_supported)
REASONS(nvmlDeviceGetSupportedClocksEventReasons, G_throttle_supported)

API u32 nvmlDeviceGetViolationStatus(void *dev, u32 policy, Violation *v)
{
    DEV("violation|violation_power_ms|violation_thermal_ms");
    NEED(v && policy < 12 && policy != 6 && policy != 7 && policy != 8 && policy != 9);
    v->referenceTime = epoch_us();
    v->violationTime = policy == 0 ? val64(&c, G_violation_power_ms, 1e6) :
                       policy == 1 ? val64(&c, G_violation_thermal_ms, 1e6) : 0;
    return R_OK_;
}

/* ------------------------------------------------- performance and power */

GET_KEY(nvmlDeviceGetPerformanceState, "pstate", pstate, 1)
GET_KEY(nvmlDeviceGetPowerState, "pstate", pstate, 1)

API u32 nvmlDeviceGetSupportedPerformanceStates(void *dev, u32 *out, u32 bytes)
{
    DEV("supported_pstates");
    NEED(out);
    u32 all[16], room = bytes / 4;
    const char *s = text(&c, G_supported_pstates);
    if (!s)
        return R_NOTSUP;
    u32 n = (u32)int_list(s, all, 16);
    if (room < n)
        return R_SIZE;
    for (u32 i = 0; i < room; i++)
        out[i] = i < n ? all[i] : 32;
    return R_OK_;
}

#define F_LIMIT "power|power_limit_w"
GET_KEY(nvmlDeviceGetPowerUsage, "power|power_w", power_w, 1000)
GET_KEY(nvmlDeviceGetPowerManagementLimit, F_LIMIT, power_limit_w, 1000)
GET_KEY_OR(nvmlDeviceGetEnforcedPowerLimit, F_LIMIT "|power_limit_enforced_w", power_limit_enforced_w, power_limit_w, 1000)
GET_KEY_OR(nvmlDeviceGetPowerManagementDefaultLimit, F_LIMIT "|power_limit_default_w", power_limit_default_w, power_limit_w, 1000)

API u32 nvmlDeviceGetPowerManagementMode(void *dev, u32 *out)
{
    DEV(F_LIMIT);
    NEED(out);
    if (!has(&c, G_power_limit_w))
        return R_NOTSUP;
    *out = 1;
    return R_OK_;
}

API u32 nvmlDeviceGetPowerManagementLimitConstraints(void *dev, u32 *min, u32 *max)
{
    DEV(F_LIMIT "|power_limit_min_w|power_limit_max_w");
    NEED(min && max);
    u32 rc = put_or(&c, G_power_limit_min_w, G_power_limit_w, 1000, min);
    return rc ? rc : put_or(&c, G_power_limit_max_w, G_power_limit_w, 1000, max);
}

static bool energy(const Ctx *c, u64 *mj)
{
    if (has(c, G_energy_mj))
        *mj = val64(c, G_energy_mj, 1);
    else if (has(c, G_power_w) && !c->g->v[G_energy_mj].s)
        *mj = round_u64(c->sc->energy[c->i] + energy_since_load(c->sc, c->i, c->t));
    else
        return false;
    return true;
}

API u32 nvmlDeviceGetTotalEnergyConsumption(void *dev, u64 *out)
{
    DEV("energy|energy_mj");
    NEED(out);
    return energy(&c, out) ? R_OK_ : R_NOTSUP;
}

/* ------------------------------------------------------------------ PCIe */

GET_KEY(nvmlDeviceGetCurrPcieLinkGeneration, "pcie|pcie_gen", pcie_gen, 1)
GET_KEY(nvmlDeviceGetCurrPcieLinkWidth, "pcie|pcie_width", pcie_width, 1)
GET_KEY_OR(nvmlDeviceGetMaxPcieLinkGeneration, "pcie|pcie_gen_max", pcie_gen_max, pcie_gen, 1)
GET_KEY_OR(nvmlDeviceGetMaxPcieLinkWidth, "pcie|pcie_width_max", pcie_width_max, pcie_width, 1)
GET_KEY(nvmlDeviceGetPcieReplayCounter, "pcie|pcie_replay", pcie_replay, 1)

API u32 nvmlDeviceGetGpuMaxPcieLinkGeneration(void *dev, u32 *out)
{
    DEV("pcie|pcie_gen_gpu_max");
    return has(&c, G_pcie_gen_gpu_max) ? put(&c, G_pcie_gen_gpu_max, 1, out) :
           put_or(&c, G_pcie_gen_max, G_pcie_gen, 1, out);
}

API u32 nvmlDeviceGetPcieThroughput(void *dev, u32 counter, u32 *out)
{
    DEV(counter ? "pcie|pcie_rx_kbps" : "pcie|pcie_tx_kbps");
    NEED(out && counter < 2);
    return put(&c, counter ? G_pcie_rx_kbps : G_pcie_tx_kbps, 1, out);
}

API u32 nvmlDeviceGetPcieSpeed(void *dev, u32 *out)
{
    static const u32 mbps[] = { 0, 2500, 5000, 8000, 16000, 32000, 64000 };
    DEV("pcie|pcie_gen");
    u32 gen, rc = put(&c, G_pcie_gen, 1, &gen);
    NEED(out);
    if (rc)
        return rc;
    *out = gen < 7 ? mbps[gen] : 0;
    return R_OK_;
}

/* the enum's values are the generation numbers */
GET_KEY_OR(nvmlDeviceGetPcieLinkMaxSpeed, "pcie|pcie_gen_max", pcie_gen_max, pcie_gen, 1)

/* ------------------------------------------------- ECC and page retirement */

static u64 ecc_count(const Ctx *c, u32 uncorrected, u32 aggregate)
{
    static const int key[2][2] = { { G_ecc_corrected_volatile, G_ecc_corrected_aggregate },
                                   { G_ecc_uncorrected_volatile, G_ecc_uncorrected_aggregate } };
    return val64(c, key[uncorrected][aggregate], 1);
}

static bool ecc_on(const Ctx *c)
{
    return has(c, G_ecc_mode) && val(c, G_ecc_mode, 1);
}

API u32 nvmlDeviceGetEccMode(void *dev, u32 *now, u32 *pending)
{
    DEV("ecc|ecc_mode");
    NEED(now && pending);
    u32 rc = put(&c, G_ecc_mode, 1, now);
    return rc ? rc : put_or(&c, G_ecc_pending, G_ecc_mode, 1, pending);
}

GET_KEY(nvmlDeviceGetDefaultEccMode, "ecc|ecc_mode", ecc_mode, 1)

API u32 nvmlDeviceGetTotalEccErrors(void *dev, u32 type, u32 counter, u64 *out)
{
    DEV("ecc");
    NEED(out && type < 2 && counter < 2);
    if (!ecc_on(&c))
        return R_NOTSUP;
    *out = ecc_count(&c, type, counter);
    return R_OK_;
}

API u32 nvmlDeviceGetDetailedEccErrors(void *dev, u32 type, u32 counter, EccDetail *out)
{
    DEV("ecc");
    NEED(out && type < 2 && counter < 2);
    if (!ecc_on(&c))
        return R_NOTSUP;
    memset(out, 0, sizeof *out);
    out->dev = ecc_count(&c, type, counter);
    return R_OK_;
}

API u32 nvmlDeviceGetMemoryErrorCounter(void *dev, u32 type, u32 counter, u32 location, u64 *out)
{
    DEV("ecc");
    NEED(out && type < 2 && counter < 2 && location < 8);
    if (!ecc_on(&c))
        return R_NOTSUP;
    *out = location == 2 ? ecc_count(&c, type, counter) : 0; /* all of them in DRAM */
    return R_OK_;
}

static u32 retired(const char *fn, void *dev, u32 cause, u32 *count, u64 *addr, u64 *when)
{
    ENTER(enter_dev(&c, fn, "retired|retired_sbe|retired_dbe", dev));
    NEED(count && cause < 2);
    int key = cause ? G_retired_dbe : G_retired_sbe;
    if (!has(&c, key))
        return R_NOTSUP;
    u32 n = val(&c, key, 1), room = *count;
    *count = n;
    if (n && (!addr || room < n))
        return R_SIZE;
    for (u32 i = 0; i < n; i++) {
        addr[i] = 0x100000ull + 0x1000ull * i + (cause ? 0x10000000ull : 0);
        if (when)
            when[i] = 0;
    }
    return R_OK_;
}

API u32 nvmlDeviceGetRetiredPages(void *dev, u32 cause, u32 *count, u64 *addr)
{
    return retired(__func__, dev, cause, count, addr, NULL);
}

API u32 nvmlDeviceGetRetiredPages_v2(void *dev, u32 cause, u32 *count, u64 *addr, u64 *when)
{
    return retired(__func__, dev, cause, count, addr, when);
}

GET_KEY(nvmlDeviceGetRetiredPagesPendingStatus, "retired|retired_pending", retired_pending, 1)

API u32 nvmlDeviceGetRemappedRows(void *dev, u32 *cor, u32 *unc, u32 *pending, u32 *failure)
{
    DEV("remapped|remapped_cor|remapped_unc|remapped_pending|remapped_failure");
    NEED(cor && unc && pending && failure);
    if (!has(&c, G_remapped_cor))
        return R_NOTSUP;
    *cor = val(&c, G_remapped_cor, 1);
    *unc = val(&c, G_remapped_unc, 1);
    *pending = val(&c, G_remapped_pending, 1);
    *failure = val(&c, G_remapped_failure, 1);
    return R_OK_;
}

/* ----------------------------------------------------------------- modes */

GET_KEY(nvmlDeviceGetPersistenceMode, "persistence", persistence, 1)
GET_KEY(nvmlDeviceGetDisplayMode, "display|display_mode", display_mode, 1)
GET_KEY(nvmlDeviceGetDisplayActive, "display|display_active", display_active, 1)
GET_KEY(nvmlDeviceGetComputeMode, "compute_mode", compute_mode, 1)
GET_KEY(nvmlDeviceGetAccountingMode, "accounting", accounting, 1)

API u32 nvmlDeviceGetAccountingBufferSize(void *dev, u32 *out)
{
    DEV("accounting");
    NEED(out);
    *out = 4000;
    return R_OK_;
}

API u32 nvmlDeviceGetAccountingPids(void *dev, u32 *count, u32 *pids)
{
    (void)pids;
    DEV("accounting");
    NEED(count);
    *count = 0;
    return R_OK_;
}

API u32 nvmlDeviceGetMigMode(void *dev, u32 *now, u32 *pending)
{
    DEV("mig_mode");
    NEED(now && pending);
    if (!has(&c, G_mig_mode))
        return R_NOTSUP;
    *now = *pending = 0;
    return R_OK_;
}

static u32 grid_features(const char *fn, void *dev, GridHead *out)
{
    ENTER(enter_dev(&c, fn, "", dev));
    NEED(out);
    out->supported = 0;
    out->count = 0;
    return R_OK_;
}

API u32 nvmlDeviceGetGridLicensableFeatures_v3(void *dev, GridHead *o) { return grid_features(__func__, dev, o); }
API u32 nvmlDeviceGetGridLicensableFeatures_v4(void *dev, GridHead *o) { return grid_features(__func__, dev, o); }

/* ------------------------------------------------------------- processes */

static u32 proc_pid(const Proc *p)
{
    return p->who == 's' ? (u32)getpid() : p->who == 'p' ? (u32)getppid() : p->pid;
}

static u64 proc_mem(const Ctx *c, const Proc *p)
{
    return p->mem_na ? NA64 : round_u64(eval_expr(&p->mem, c->t) * MIB);
}

static bool of_kind(const Proc *p, char kind)
{
    return kind == 'C' ? p->compute : kind == 'G' ? p->graphics : kind == 'M' ? p->mps : true;
}

static u32 count_kind(const Ctx *c, char kind)
{
    u32 n = 0;
    for (int i = 0; i < c->g->nproc; i++)
        n += of_kind(&c->g->procs[i], kind);
    return n;
}

/* kind: C, G or M; size: of the caller's struct, 16 (v1) or 24 (v2 and v3) */
static u32 running(const char *fn, const char *fields, char kind, size_t size, void *dev, u32 *count, void *out)
{
    ENTER(enter_dev(&c, fn, fields, dev));
    NEED(count);
    u32 n = count_kind(&c, kind), room = out ? *count : 0;
    *count = n;
    if (n > room)
        return R_SIZE;
    char *at = out;
    for (int i = 0; i < c.g->nproc; i++) {
        const Proc *p = &c.g->procs[i];
        if (!of_kind(p, kind))
            continue;
        ProcV2 v = { proc_pid(p), proc_mem(&c, p), NA32, NA32 };
        memcpy(at, &v, size); /* v1 is the head of v2 */
        at += size;
    }
    return R_OK_;
}

#define RUNNING(name, kind, fields) \
    API u32 name(void *d, u32 *n, ProcV1 *o) { return running(__func__, fields, kind, sizeof *o, d, n, o); } \
    API u32 name##_v2(void *d, u32 *n, ProcV2 *o) { return running(__func__, fields, kind, sizeof *o, d, n, o); } \
    API u32 name##_v3(void *d, u32 *n, ProcV2 *o) { return running(__func__, fields, kind, sizeof *o, d, n, o); }
RUNNING(nvmlDeviceGetComputeRunningProcesses, 'C', "processes|processes_compute")
RUNNING(nvmlDeviceGetGraphicsRunningProcesses, 'G', "processes|processes_graphics")
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses, 'M', "processes|processes_mps")

API u32 nvmlDeviceGetRunningProcessDetailList(void *dev, ProcDetailList *l)
{
    DEV("processes");
    NEED(l);
    if (l->version != V_PROCDETAIL)
        return R_VERSION;
    NEED(l->mode < 4);
    char kind = "CGM*"[l->mode];
    u32 n = count_kind(&c, kind), room = l->arr ? l->count : 0;
    l->count = n;
    if (n > room)
        return R_SIZE;
    n = 0;
    for (int i = 0; i < c.g->nproc; i++) {
        const Proc *p = &c.g->procs[i];
        if (of_kind(p, kind)) /* 0, not "n/a", for the protected memory: pynvml 13.615 trips over n/a here */
            l->arr[n++] = (ProcDetail){ proc_pid(p), proc_mem(&c, p), NA32, NA32, 0 };
    }
    return R_OK_;
}

/* Samples are taken every 100 ms; processes that used nothing leave none. */
static u32 process_samples(const Ctx *c, u64 last, u32 room, u32 *count, ProcUtilInfo *out)
{
    u64 ts = epoch_us() / TICK_US * TICK_US;
    u32 n = 0;
    for (int i = 0; i < c->g->nproc && ts > last; i++) {
        const Proc *p = &c->g->procs[i];
        ProcUtilInfo v = { ts, proc_pid(p), pct_of(eval_expr(&p->sm, c->t)), pct_of(eval_expr(&p->memu, c->t)),
                           pct_of(eval_expr(&p->enc, c->t)), pct_of(eval_expr(&p->dec, c->t)), 0, 0 };
        if (!(v.sm | v.mem | v.enc | v.dec))
            continue;
        if (n < room)
            out[n] = v;
        n++;
    }
    if (!n)
        return R_NOTFOUND;
    /* asked for the size: name room for every process, so that the second call cannot fall short */
    *count = out ? n : (u32)c->g->nproc;
    return n > room ? R_SIZE : R_OK_;
}

API u32 nvmlDeviceGetProcessUtilization(void *dev, ProcSample *out, u32 *count, u64 last)
{
    DEV("process_util");
    NEED(count);
    u32 room = out ? *count : 0, n = 0;
    if (room > (u32)c.g->nproc)
        room = (u32)c.g->nproc;
    ProcUtilInfo *v = out ? calloc(room + 1, sizeof *v) : NULL;
    if (out && !v)
        return R_MEMORY;
    u32 rc = process_samples(&c, last, room, &n, v);
    for (u32 i = 0; !rc && i < n; i++)
        out[i] = (ProcSample){ v[i].pid, v[i].ts, v[i].sm, v[i].mem, v[i].enc, v[i].dec };
    free(v);
    *count = n;
    return rc;
}

API u32 nvmlDeviceGetProcessesUtilizationInfo(void *dev, ProcsUtilInfo *p)
{
    DEV("process_util");
    NEED(p);
    if (p->version != V_PROCUTIL)
        return R_VERSION;
    u32 n = 0, rc = process_samples(&c, p->lastSeen, p->arr ? p->count : 0, &n, p->arr);
    p->count = n;
    return rc;
}

/* ----------------------------------------------------------- field values */

static u32 one_field(const Ctx *c, FieldValue *f)
{
    int key = -1;
    double scale = 1;
    const char *fields = "";
    f->valueType = 1; /* unsigned int */
    switch (f->fieldId) {
    case 1: key = G_ecc_mode; fields = "ecc|ecc_mode"; break;
    case 2: key = has(c, G_ecc_pending) ? G_ecc_pending : G_ecc_mode; fields = "ecc|ecc_mode"; break;
    case 3: case 4: case 5: case 6: {
        u32 rc = (u32)override(c, false, true, "", "ecc");
        if (rc || !ecc_on(c))
            return rc ? rc : R_NOTSUP;
        f->valueType = 3;
        f->value.ull = ecc_count(c, f->fieldId == 4 || f->fieldId == 6, f->fieldId >= 5);
        return R_OK_;
    }
    case 29: key = G_retired_sbe; fields = "retired|retired_sbe"; break;
    case 30: key = G_retired_dbe; fields = "retired|retired_dbe"; break;
    case 31: key = G_retired_pending; fields = "retired|retired_pending"; break;
    case 74: key = G_violation_power_ms; scale = 1e6; fields = "violation|violation_power_ms"; f->valueType = 3; break;
    case 75: key = G_violation_thermal_ms; scale = 1e6; fields = "violation|violation_thermal_ms"; f->valueType = 3; break;
    case 82: key = G_temp_mem_c; fields = "temp|temp_mem_c"; break;
    case 83: case 191: {
        u32 rc = (u32)override(c, false, true, "", "energy|energy_mj");
        if (rc)
            return rc;
        f->valueType = 3;
        return energy(c, &f->value.ull) ? R_OK_ : R_NOTSUP;
    }
    case 94: key = G_pcie_replay; fields = "pcie|pcie_replay"; break;
    case 142: key = G_remapped_cor; fields = "remapped|remapped_cor"; break;
    case 143: key = G_remapped_unc; fields = "remapped|remapped_unc"; break;
    case 144: key = G_remapped_pending; fields = "remapped|remapped_pending"; break;
    case 145: key = G_remapped_failure; fields = "remapped|remapped_failure"; break;
    case 185: case 186: key = G_power_w; scale = 1000; fields = "power|power_w"; break;
    case 187: key = G_power_limit_min_w; scale = 1000; fields = "power|power_limit_min_w"; break;
    case 188: key = G_power_limit_max_w; scale = 1000; fields = "power|power_limit_max_w"; break;
    case 189: key = has(c, G_power_limit_default_w) ? G_power_limit_default_w : G_power_limit_w;
        scale = 1000; fields = "power|power_limit_w|power_limit_default_w"; break;
    case 190: key = has(c, G_power_limit_enforced_w) ? G_power_limit_enforced_w : G_power_limit_w;
        scale = 1000; fields = "power|power_limit_w|power_limit_enforced_w"; break;
    case 192: key = G_power_limit_w; scale = 1000; fields = "power|power_limit_w"; break;
    default:
        return f->fieldId >= 1 && f->fieldId < 308 ? R_NOTSUP : R_INVAL;
    }
    u32 rc = (u32)override(c, false, true, "", fields);
    if (rc)
        return rc;
    if (!has(c, key))
        return R_NOTSUP;
    if (f->valueType == 3)
        f->value.ull = val64(c, key, scale);
    else
        f->value.ui = val(c, key, scale);
    return R_OK_;
}

API u32 nvmlDeviceGetFieldValues(void *dev, int count, FieldValue *values)
{
    DEV("field_values");
    NEED(values && count > 0);
    for (int i = 0; i < count; i++) {
        values[i].timestamp = (int64_t)epoch_us();
        values[i].latencyUsec = 0;
        memset(&values[i].value, 0, sizeof values[i].value);
        values[i].ret = one_field(&c, &values[i]);
    }
    return R_OK_;
}

/* ---------------------------------------------------------------- events */

#define EVENT_XID 0x8ull

/* the others are accepted, as on real hardware, but only Xid events ever come */
static u64 event_types(const Ctx *c)
{
    return EVENT_XID | 0x4 /* P-state */ | 0x10 /* clock */ | (ecc_on(c) ? 0x3 /* ECC errors */ : 0);
}

typedef struct EventSet {
    struct EventSet *next;
    u64 mask[MAX_GPU];
    double xid[MAX_GPU], nth[MAX_GPU]; /* what was last delivered (or seen as cleared) */
} EventSet;

static EventSet *event_sets; /* under mu */

static bool known_set(const void *set) /* under mu */
{
    for (EventSet *s = event_sets; s; s = s->next)
        if (s == set)
            return true;
    return false;
}

API u32 nvmlEventSetCreate(void **out)
{
    SYS("events");
    NEED(out);
    EventSet *s = calloc(1, sizeof *s);
    if (!s)
        return R_MEMORY;
    pthread_mutex_lock(&mu);
    s->next = event_sets;
    event_sets = s;
    pthread_mutex_unlock(&mu);
    *out = s;
    return R_OK_;
}

API u32 nvmlEventSetFree(void *set)
{
    SYS("events");
    u32 rc = R_INVAL;
    pthread_mutex_lock(&mu);
    for (EventSet **p = &event_sets; *p; p = &(*p)->next)
        if (*p == set) {
            *p = ((EventSet *)set)->next;
            free(set);
            rc = R_OK_;
            break;
        }
    pthread_mutex_unlock(&mu);
    return rc;
}

API u32 nvmlDeviceGetSupportedEventTypes(void *dev, u64 *out)
{
    DEV("events");
    NEED(out);
    *out = event_types(&c);
    return R_OK_;
}

API u32 nvmlDeviceRegisterEvents(void *dev, u64 types, void *set)
{
    DEV("events");
    if (types & ~event_types(&c))
        return R_NOTSUP;
    u32 rc = R_INVAL;
    pthread_mutex_lock(&mu);
    if (known_set(set)) {
        ((EventSet *)set)->mask[c.i] |= types;
        rc = R_OK_;
    }
    pthread_mutex_unlock(&mu);
    return rc;
}

/* one look at every GPU in the set: an event, an error, or R_TIMEOUT for neither */
static u32 poll_set(const char *fn, void *set, EventV2 *ev)
{
    __attribute__((cleanup(drop))) Ctx c = { NULL, NULL, -1, 0 };
    c.sc = acquire(&c.t);
    if (!c.sc)
        return R_UNKNOWN;
    u32 rc = R_TIMEOUT;
    pthread_mutex_lock(&mu);
    if (!init_count)
        rc = R_UNINIT;
    else if (!known_set(set))
        rc = R_INVAL;
    EventSet *s = set;
    for (int i = 0; rc == R_TIMEOUT && i < MAX_GPU; i++) {
        if (!s->mask[i])
            continue;
        if (i >= c.sc->ngpu) {
            rc = R_LOST;
            break;
        }
        c.i = i;
        c.g = &c.sc->g[i];
        double xid = num_at(&c, G_xid, c.t), nth = num_at(&c, G_xid_count, c.t);
        bool news = xid != s->xid[i] || nth != s->nth[i];
        s->xid[i] = xid;
        s->nth[i] = nth;
        if (news && xid > 0 && (s->mask[i] & EVENT_XID)) {
            ev->device = &dev_token[i];
            ev->type = EVENT_XID;
            ev->data = round_u64(xid);
            ev->gi = ev->ci = NA32;
            rc = R_OK_;
        } else {
            u32 err = (u32)override(&c, false, true, fn, "events");
            if (err)
                rc = err;
        }
    }
    pthread_mutex_unlock(&mu);
    return rc;
}

static u32 event_wait(const char *fn, void *set, EventV2 *ev, u32 timeout_ms)
{
    double end = now_on(CLOCK_MONOTONIC) + timeout_ms / 1000.0;
    for (;;) {
        u32 rc = poll_set(fn, set, ev);
        double left = end - now_on(CLOCK_MONOTONIC);
        if (rc != R_TIMEOUT || left <= 0)
            return rc;
        struct timespec ts = { 0, (long)((left < 0.01 ? left : 0.01) * 1e9) };
        nanosleep(&ts, NULL);
    }
}

API u32 nvmlEventSetWait_v2(void *set, EventV2 *data, u32 timeout_ms)
{
    SYS("events");
    NEED(set && data);
    drop(&c); /* not held while waiting */
    memset(data, 0, sizeof *data);
    return event_wait(__func__, set, data, timeout_ms);
}

API u32 nvmlEventSetWait(void *set, EventV1 *data, u32 timeout_ms)
{
    SYS("events");
    NEED(set && data);
    drop(&c);
    EventV2 ev;
    memset(&ev, 0, sizeof ev);
    u32 rc = event_wait(__func__, set, &ev, timeout_ms);
    memcpy(data, &ev, sizeof *data);
    return rc;
}

/* ----------------------------------------------------------------- stubs
 * Everything else that nvidia-ml-py can bind.  A real library exports these,
 * so a caller gets NOT_SUPPORTED from the call rather than a missing symbol.
 * NOTSUP_D takes a device first; NOTSUP_S does not.  What would change a
 * device's settings answers NO_PERMISSION, as it does for an ordinary user. */

#define NOTSUP_D(fn) API u32 fn(void *dev) { DEV(""); return R_NOTSUP; }
#define NOTSUP_S(fn) API u32 fn(void) { SYS(""); return R_NOTSUP; }
#define NOPERM_D(fn) API u32 fn(void *dev) { DEV(""); return R_NOPERM; }

NOPERM_D(nvmlDeviceClearAccountingPids) NOPERM_D(nvmlDeviceClearCpuAffinity) NOPERM_D(nvmlDeviceClearEccErrorCounts)
NOPERM_D(nvmlDeviceResetApplicationsClocks) NOPERM_D(nvmlDeviceResetGpuLockedClocks)
NOPERM_D(nvmlDeviceResetMemoryLockedClocks) NOPERM_D(nvmlDeviceSetAPIRestriction)
NOPERM_D(nvmlDeviceSetAccountingMode) NOPERM_D(nvmlDeviceSetAdaptiveTgpMode_v1)
NOPERM_D(nvmlDeviceSetApplicationsClocks) NOPERM_D(nvmlDeviceSetAutoBoostedClocksEnabled)
NOPERM_D(nvmlDeviceSetClockOffsets) NOPERM_D(nvmlDeviceSetComputeMode)
NOPERM_D(nvmlDeviceSetConfComputeUnprotectedMemSize) NOPERM_D(nvmlDeviceSetCpuAffinity)
NOPERM_D(nvmlDeviceSetDefaultAutoBoostedClocksEnabled) NOPERM_D(nvmlDeviceSetDefaultFanSpeed_v2)
NOPERM_D(nvmlDeviceSetDramEncryptionMode) NOPERM_D(nvmlDeviceSetDriverModel) NOPERM_D(nvmlDeviceSetEccMode)
NOPERM_D(nvmlDeviceSetFanControlPolicy) NOPERM_D(nvmlDeviceSetFanSpeed_v2) NOPERM_D(nvmlDeviceSetGpcClkVfOffset)
NOPERM_D(nvmlDeviceSetGpuLockedClocks) NOPERM_D(nvmlDeviceSetGpuOperationMode) NOPERM_D(nvmlDeviceSetHostname_v1)
NOPERM_D(nvmlDeviceSetMemClkVfOffset) NOPERM_D(nvmlDeviceSetMemoryLimits_v1) NOPERM_D(nvmlDeviceSetMemoryLockedClocks)
NOPERM_D(nvmlDeviceSetPersistenceMode) NOPERM_D(nvmlDeviceSetPowerManagementLimit)
NOPERM_D(nvmlDeviceSetPowerManagementLimit_v2) NOPERM_D(nvmlDeviceSetPowerMizerMode_v1)
NOPERM_D(nvmlDeviceSetRusdSettings_v1) NOPERM_D(nvmlDeviceSetTemperatureThreshold)
NOTSUP_D(nvmlDeviceClearFieldValues) NOTSUP_D(nvmlDeviceCreateGpuInstance)
NOTSUP_D(nvmlDeviceCreateGpuInstanceWithPlacement) NOTSUP_D(nvmlDeviceFreezeNvLinkUtilizationCounter)
NOTSUP_D(nvmlDeviceGetAPIRestriction) NOTSUP_D(nvmlDeviceGetAccountingStats) NOTSUP_D(nvmlDeviceGetAccountingStats_v2)
NOTSUP_D(nvmlDeviceGetActiveVgpus) NOTSUP_D(nvmlDeviceGetAdaptiveTgpModeInfo_v1) NOTSUP_D(nvmlDeviceGetAddressingMode)
NOTSUP_D(nvmlDeviceGetAttributes) NOTSUP_D(nvmlDeviceGetAttributes_v2) NOTSUP_D(nvmlDeviceGetAutoBoostedClocksEnabled)
NOTSUP_D(nvmlDeviceGetBBXTimeData_v1) NOTSUP_D(nvmlDeviceGetBankRemapperStatus_v1)
NOTSUP_D(nvmlDeviceGetBridgeChipInfo) NOTSUP_D(nvmlDeviceGetC2cModeInfoV) NOTSUP_D(nvmlDeviceGetCapabilities)
NOTSUP_D(nvmlDeviceGetClkMonStatus) NOTSUP_D(nvmlDeviceGetClockOffsets) NOTSUP_D(nvmlDeviceGetComputeInstanceId)
NOTSUP_D(nvmlDeviceGetConfComputeGpuAttestationReport) NOTSUP_D(nvmlDeviceGetConfComputeGpuCertificate)
NOTSUP_D(nvmlDeviceGetConfComputeMemSizeInfo) NOTSUP_D(nvmlDeviceGetConfComputeProtectedMemoryUsage)
NOTSUP_D(nvmlDeviceGetCoolerInfo) NOTSUP_D(nvmlDeviceGetCreatableVgpus) NOTSUP_D(nvmlDeviceGetCurrentClockFreqs)
NOTSUP_D(nvmlDeviceGetDeviceHandleFromMigDeviceHandle) NOTSUP_D(nvmlDeviceGetDramEncryptionMode)
NOTSUP_D(nvmlDeviceGetDriverModel) NOTSUP_D(nvmlDeviceGetDriverModel_v2) NOTSUP_D(nvmlDeviceGetGpcClkMinMaxVfOffset)
NOTSUP_D(nvmlDeviceGetGpcClkVfOffset) NOTSUP_D(nvmlDeviceGetGpuFabricInfo) NOTSUP_D(nvmlDeviceGetGpuFabricInfoV)
NOTSUP_D(nvmlDeviceGetGpuFabricInfo_v4) NOTSUP_D(nvmlDeviceGetGpuInstanceById) NOTSUP_D(nvmlDeviceGetGpuInstanceId)
NOTSUP_D(nvmlDeviceGetGpuInstancePossiblePlacements) NOTSUP_D(nvmlDeviceGetGpuInstancePossiblePlacements_v2)
NOTSUP_D(nvmlDeviceGetGpuInstanceProfileInfo) NOTSUP_D(nvmlDeviceGetGpuInstanceProfileInfoByIdV)
NOTSUP_D(nvmlDeviceGetGpuInstanceProfileInfoV) NOTSUP_D(nvmlDeviceGetGpuInstanceRemainingCapacity)
NOTSUP_D(nvmlDeviceGetGpuInstances) NOTSUP_D(nvmlDeviceGetGpuOperationMode)
NOTSUP_D(nvmlDeviceGetGridLicensableFeatures) NOTSUP_D(nvmlDeviceGetGridLicensableFeatures_v2)
NOTSUP_D(nvmlDeviceGetHostVgpuMode) NOTSUP_D(nvmlDeviceGetHostname_v1) NOTSUP_D(nvmlDeviceGetInforomVersion)
NOTSUP_D(nvmlDeviceGetLastBBXFlushTime) NOTSUP_D(nvmlDeviceGetMaxCustomerBoostClock)
NOTSUP_D(nvmlDeviceGetMemClkMinMaxVfOffset) NOTSUP_D(nvmlDeviceGetMemClkVfOffset)
NOTSUP_D(nvmlDeviceGetMemoryAffinity) NOTSUP_D(nvmlDeviceGetMemoryLimits_v1)
NOTSUP_D(nvmlDeviceGetMigDeviceHandleByIndex) NOTSUP_D(nvmlDeviceGetMinMaxClockOfPState)
NOTSUP_D(nvmlDeviceGetModuleId) NOTSUP_D(nvmlDeviceGetNvLinkCapability) NOTSUP_D(nvmlDeviceGetNvLinkErrorCounter)
NOTSUP_D(nvmlDeviceGetNvLinkInfo) NOTSUP_D(nvmlDeviceGetNvLinkRemoteDeviceType)
NOTSUP_D(nvmlDeviceGetNvLinkRemotePciInfo) NOTSUP_D(nvmlDeviceGetNvLinkRemotePciInfo_v2)
NOTSUP_D(nvmlDeviceGetNvLinkState) NOTSUP_D(nvmlDeviceGetNvLinkTelemetrySamples_v1)
NOTSUP_D(nvmlDeviceGetNvLinkUtilizationControl) NOTSUP_D(nvmlDeviceGetNvLinkUtilizationCounter)
NOTSUP_D(nvmlDeviceGetNvLinkVersion) NOTSUP_D(nvmlDeviceGetNvlinkBwMode) NOTSUP_D(nvmlDeviceGetNvlinkSupportedBwModes)
NOTSUP_D(nvmlDeviceGetP2PStatus) NOTSUP_D(nvmlDeviceGetPdi) NOTSUP_D(nvmlDeviceGetPerformanceModes)
NOTSUP_D(nvmlDeviceGetPgpuMetadataString) NOTSUP_D(nvmlDeviceGetPlatformInfo) NOTSUP_D(nvmlDeviceGetPowerMizerMode_v1)
NOTSUP_D(nvmlDeviceGetRemappedRows_v2) NOTSUP_D(nvmlDeviceGetRepairStatus) NOTSUP_D(nvmlDeviceGetRowRemapperHistogram)
NOTSUP_D(nvmlDeviceGetSramEccErrorStatus) NOTSUP_D(nvmlDeviceGetSramUniqueUncorrectedEccErrorCounts)
NOTSUP_D(nvmlDeviceGetSupportedVgpus) NOTSUP_D(nvmlDeviceGetTopologyCommonAncestor)
NOTSUP_D(nvmlDeviceGetTopologyNearestGpus) NOTSUP_D(nvmlDeviceGetUnrepairableMemoryFlag_v1)
NOTSUP_D(nvmlDeviceGetVgpuCapabilities) NOTSUP_D(nvmlDeviceGetVgpuHeterogeneousMode)
NOTSUP_D(nvmlDeviceGetVgpuInstancesUtilizationInfo) NOTSUP_D(nvmlDeviceGetVgpuMetadata)
NOTSUP_D(nvmlDeviceGetVgpuProcessUtilization) NOTSUP_D(nvmlDeviceGetVgpuProcessesUtilizationInfo)
NOTSUP_D(nvmlDeviceGetVgpuSchedulerCapabilities) NOTSUP_D(nvmlDeviceGetVgpuSchedulerLog)
NOTSUP_D(nvmlDeviceGetVgpuSchedulerLog_v2) NOTSUP_D(nvmlDeviceGetVgpuSchedulerState)
NOTSUP_D(nvmlDeviceGetVgpuSchedulerState_v2) NOTSUP_D(nvmlDeviceGetVgpuTypeCreatablePlacements)
NOTSUP_D(nvmlDeviceGetVgpuTypeSupportedPlacements) NOTSUP_D(nvmlDeviceGetVgpuUtilization)
NOTSUP_D(nvmlDevicePerfMetricsGetSamples_v1) NOTSUP_D(nvmlDevicePowerSmoothingActivatePresetProfile)
NOTSUP_D(nvmlDevicePowerSmoothingSetState) NOTSUP_D(nvmlDevicePowerSmoothingUpdatePresetProfileParam)
NOTSUP_D(nvmlDeviceReadPRMCounters_v1) NOTSUP_D(nvmlDeviceReadWritePRM_v1)
NOTSUP_D(nvmlDeviceResetNvLinkErrorCounters) NOTSUP_D(nvmlDeviceResetNvLinkUtilizationCounter)
NOTSUP_D(nvmlDeviceSetMigMode) NOTSUP_D(nvmlDeviceSetNvLinkDeviceLowPowerThreshold)
NOTSUP_D(nvmlDeviceSetNvLinkUtilizationControl) NOTSUP_D(nvmlDeviceSetNvlinkBwMode)
NOTSUP_D(nvmlDeviceSetNvlinkBwModeAsync_v1) NOTSUP_D(nvmlDeviceSetVgpuCapabilities)
NOTSUP_D(nvmlDeviceSetVgpuHeterogeneousMode) NOTSUP_D(nvmlDeviceSetVgpuSchedulerState)
NOTSUP_D(nvmlDeviceSetVgpuSchedulerState_v2) NOTSUP_D(nvmlDeviceSetVirtualizationMode)
NOTSUP_D(nvmlDeviceValidateInforom) NOTSUP_D(nvmlDeviceVgpuForceGspUnload)
NOTSUP_D(nvmlDeviceWorkloadPowerProfileClearRequestedProfiles)
NOTSUP_D(nvmlDeviceWorkloadPowerProfileGetCurrentProfiles) NOTSUP_D(nvmlDeviceWorkloadPowerProfileGetProfilesInfo)
NOTSUP_D(nvmlDeviceWorkloadPowerProfileSetRequestedProfiles) NOTSUP_D(nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1)
NOTSUP_D(nvmlGpmMigSampleGet) NOTSUP_D(nvmlGpmQueryDeviceSupport) NOTSUP_D(nvmlGpmQueryIfStreamingEnabled)
NOTSUP_D(nvmlGpmSampleGet) NOTSUP_D(nvmlGpmSetStreamingEnabled)
NOTSUP_S(nvmlComputeInstanceDestroy) NOTSUP_S(nvmlComputeInstanceGetInfo) NOTSUP_S(nvmlComputeInstanceGetInfo_v2)
NOTSUP_S(nvmlDeviceDiscoverGpus) NOTSUP_S(nvmlDeviceModifyDrainState) NOTSUP_S(nvmlDeviceQueryDrainState)
NOTSUP_S(nvmlDeviceRemoveGpu) NOTSUP_S(nvmlDeviceRemoveGpu_v2) NOTSUP_S(nvmlEventSetGetContextCount_v1)
NOTSUP_S(nvmlEventSetGetContextData_v1) NOTSUP_S(nvmlEventSetGetContextInfo_v1)
NOTSUP_S(nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1) NOTSUP_S(nvmlEventSetRegisterGpuOperationalEvents_v1)
NOTSUP_S(nvmlEventSetWait_v3) NOTSUP_S(nvmlGetExcludedDeviceInfoByIndex) NOTSUP_S(nvmlGetVgpuCompatibility)
NOTSUP_S(nvmlGetVgpuDriverCapabilities) NOTSUP_S(nvmlGetVgpuVersion) NOTSUP_S(nvmlGpmMetricsGet)
NOTSUP_S(nvmlGpmSampleAlloc) NOTSUP_S(nvmlGpmSampleFree) NOTSUP_S(nvmlGpuInstanceCreateComputeInstance)
NOTSUP_S(nvmlGpuInstanceCreateComputeInstanceWithPlacement) NOTSUP_S(nvmlGpuInstanceDestroy)
NOTSUP_S(nvmlGpuInstanceGetActiveVgpus) NOTSUP_S(nvmlGpuInstanceGetComputeInstanceById)
NOTSUP_S(nvmlGpuInstanceGetComputeInstancePossiblePlacements) NOTSUP_S(nvmlGpuInstanceGetComputeInstanceProfileInfo)
NOTSUP_S(nvmlGpuInstanceGetComputeInstanceProfileInfoV) NOTSUP_S(nvmlGpuInstanceGetComputeInstanceRemainingCapacity)
NOTSUP_S(nvmlGpuInstanceGetComputeInstances) NOTSUP_S(nvmlGpuInstanceGetCreatableVgpus)
NOTSUP_S(nvmlGpuInstanceGetInfo) NOTSUP_S(nvmlGpuInstanceGetVgpuHeterogeneousMode)
NOTSUP_S(nvmlGpuInstanceGetVgpuSchedulerLog) NOTSUP_S(nvmlGpuInstanceGetVgpuSchedulerLog_v2)
NOTSUP_S(nvmlGpuInstanceGetVgpuSchedulerState) NOTSUP_S(nvmlGpuInstanceGetVgpuSchedulerState_v2)
NOTSUP_S(nvmlGpuInstanceGetVgpuTypeCreatablePlacements) NOTSUP_S(nvmlGpuInstanceSetVgpuHeterogeneousMode)
NOTSUP_S(nvmlGpuInstanceSetVgpuSchedulerState) NOTSUP_S(nvmlGpuInstanceSetVgpuSchedulerState_v2)
NOTSUP_S(nvmlSetVgpuVersion) NOTSUP_S(nvmlSystemEventSetCreate) NOTSUP_S(nvmlSystemEventSetFree)
NOTSUP_S(nvmlSystemEventSetWait) NOTSUP_S(nvmlSystemGetCPER_v1) NOTSUP_S(nvmlSystemGetConfComputeCapabilities)
NOTSUP_S(nvmlSystemGetConfComputeGpusReadyState) NOTSUP_S(nvmlSystemGetConfComputeKeyRotationThresholdInfo)
NOTSUP_S(nvmlSystemGetConfComputeSettings) NOTSUP_S(nvmlSystemGetConfComputeState) NOTSUP_S(nvmlSystemGetNvlinkBwMode)
NOTSUP_S(nvmlSystemGetTopologyGpuSet) NOTSUP_S(nvmlSystemRegisterEvents)
NOTSUP_S(nvmlSystemSetConfComputeGpusReadyState) NOTSUP_S(nvmlSystemSetConfComputeKeyRotationThresholdInfo)
NOTSUP_S(nvmlSystemSetNvlinkBwMode) NOTSUP_S(nvmlUnitGetDevices) NOTSUP_S(nvmlUnitGetFanSpeedInfo)
NOTSUP_S(nvmlUnitGetHandleByIndex) NOTSUP_S(nvmlUnitGetLedState) NOTSUP_S(nvmlUnitGetPsuInfo)
NOTSUP_S(nvmlUnitGetTemperature) NOTSUP_S(nvmlUnitGetUnitInfo) NOTSUP_S(nvmlUnitSetLedState)
NOTSUP_S(nvmlVgpuInstanceClearAccountingPids) NOTSUP_S(nvmlVgpuInstanceGetAccountingMode)
NOTSUP_S(nvmlVgpuInstanceGetAccountingPids) NOTSUP_S(nvmlVgpuInstanceGetAccountingStats)
NOTSUP_S(nvmlVgpuInstanceGetEccMode) NOTSUP_S(nvmlVgpuInstanceGetEncoderCapacity)
NOTSUP_S(nvmlVgpuInstanceGetEncoderSessions) NOTSUP_S(nvmlVgpuInstanceGetEncoderStats)
NOTSUP_S(nvmlVgpuInstanceGetFBCSessions) NOTSUP_S(nvmlVgpuInstanceGetFBCStats) NOTSUP_S(nvmlVgpuInstanceGetFbUsage)
NOTSUP_S(nvmlVgpuInstanceGetFrameRateLimit) NOTSUP_S(nvmlVgpuInstanceGetGpuInstanceId)
NOTSUP_S(nvmlVgpuInstanceGetGpuPciId) NOTSUP_S(nvmlVgpuInstanceGetLicenseInfo)
NOTSUP_S(nvmlVgpuInstanceGetLicenseInfo_v2) NOTSUP_S(nvmlVgpuInstanceGetLicenseStatus)
NOTSUP_S(nvmlVgpuInstanceGetMdevUUID) NOTSUP_S(nvmlVgpuInstanceGetMetadata) NOTSUP_S(nvmlVgpuInstanceGetPlacementId)
NOTSUP_S(nvmlVgpuInstanceGetRuntimeStateSize) NOTSUP_S(nvmlVgpuInstanceGetType) NOTSUP_S(nvmlVgpuInstanceGetUUID)
NOTSUP_S(nvmlVgpuInstanceGetVmDriverVersion) NOTSUP_S(nvmlVgpuInstanceGetVmID)
NOTSUP_S(nvmlVgpuInstanceSetEncoderCapacity) NOTSUP_S(nvmlVgpuTypeGetBAR1Info) NOTSUP_S(nvmlVgpuTypeGetCapabilities)
NOTSUP_S(nvmlVgpuTypeGetClass) NOTSUP_S(nvmlVgpuTypeGetDeviceID) NOTSUP_S(nvmlVgpuTypeGetFbReservation)
NOTSUP_S(nvmlVgpuTypeGetFrameRateLimit) NOTSUP_S(nvmlVgpuTypeGetFramebufferSize)
NOTSUP_S(nvmlVgpuTypeGetGpuInstanceProfileId) NOTSUP_S(nvmlVgpuTypeGetGspHeapSize) NOTSUP_S(nvmlVgpuTypeGetLicense)
NOTSUP_S(nvmlVgpuTypeGetMaxInstances) NOTSUP_S(nvmlVgpuTypeGetMaxInstancesPerGpuInstance)
NOTSUP_S(nvmlVgpuTypeGetMaxInstancesPerVm) NOTSUP_S(nvmlVgpuTypeGetName) NOTSUP_S(nvmlVgpuTypeGetNumDisplayHeads)
NOTSUP_S(nvmlVgpuTypeGetResolution)

/* ------------------------------------------------------ hooks for the tests */

API size_t fakenvml_sizeof(const char *name)
{
#define ROW(py, type) { py, sizeof(type) },
    static const struct { const char *name; size_t size; } rows[] = {
        ROW("nvmlPciInfo_t", PciV3) ROW("nvmlPciInfo_v2_t", PciV2) ROW("nvmlPciInfoExt_v1_t", PciExt)
        ROW("c_nvmlMemory_t", MemV1) ROW("c_nvmlMemory_v2_t", MemV2) ROW("c_nvmlBAR1Memory_t", Bar1)
        ROW("c_nvmlUtilization_t", Util) ROW("c_nvmlProcessInfo_v2_t", ProcV2)
        ROW("c_nvmlProcessInfo_v3_t", ProcV2) ROW("c_nvmlProcessDetail_v1_t", ProcDetail)
        ROW("c_nvmlProcessDetailList_v1_t", ProcDetailList) ROW("c_nvmlProcessUtilizationSample_t", ProcSample)
        ROW("c_nvmlProcessUtilizationInfo_v1_t", ProcUtilInfo)
        ROW("c_nvmlProcessesUtilizationInfo_v1_t", ProcsUtilInfo) ROW("c_nvmlValue_t", Value)
        ROW("c_nvmlFieldValue_t", FieldValue) ROW("c_nvmlSample_t", Sample) ROW("c_nvmlViolationTime_t", Violation)
        ROW("c_nvmlTemperature_v1_t", TempV) ROW("c_nvmlFanSpeedInfo_t", FanRpm)
        ROW("c_nvmlEccErrorCounts_t", EccDetail) ROW("c_nvmlEventData_t", EventV2) ROW("c_nvmlUUID_t", UuidV)
        ROW("c_nvmlSystemDriverBranchInfo_v1_t", Branch) ROW("c_nvmlGpuDynamicPstatesInfo_t", DynPstates)
        ROW("c_nvmlGpuThermalSettings_t", Thermal) ROW("c_nvmlMarginTemperature_v1_t", Margin)
        ROW("c_nvmlFBCStats_t", FbcStats)
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return rows[i].size;
    return 0;
}

/* 0 and *out, or 1 when the text is no expression; integral: from 0 to t instead of at t */
API int fakenvml_eval(const char *text_, double t, int integral, double *out)
{
    Expr e;
    if (!parse_expr(text_, &e))
        return 1;
    *out = integral ? integrate_expr(&e, t) : eval_expr(&e, t);
    return 0;
}
