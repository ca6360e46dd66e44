/* A CUDA driver without a device: memory, copies, streams and graphs are real, kernels compute nothing.

   So all that numba-cuda and we ask a driver for is asked, with the types and in the order of a real launch. What a real
   one would refuse, as far as that is known here, is refused: a grid too large, a capture of the default stream, a wait
   within a capture. What was asked is counted: asked("launches") and so on. New memory is all zeros. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t Address;
typedef void *Handle;
enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, INVALID_CONTEXT = 201, NOT_SUPPORTED = 801,
       CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901 };
enum { DEVICES = 2, MEMORY = 256 << 20, LINE = 512, CONTEXTS = 0x1000 };

static struct {
    const char *name;
    long count;
} counts[] = {
    {"launches"}, {"graphs"}, {"captured"}, {"in the default stream"}, {"waiting copies"}, {"bytes"}, {"graphs alive"},
};
enum { LAUNCHES, GRAPHS, CAPTURED, IN_DEFAULT, WAITING, BYTES, ALIVE };

long asked(const char *name) {
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++)
        if (!strcmp(counts[i].name, name)) return counts[i].count;
    return -1;
}

/* Work: in a stream at once, or noted where that is captured. */
typedef struct Work {
    enum { KERNEL, COPY, SET } kind;
    Address to, from;
    size_t bytes;
    int value;
    struct Work *next;
} Work;
typedef struct { Work *first, **end; } Graph;
typedef struct { Graph *captures; int flags; } Stream;
static Stream by_default;

static Stream *stream_of(Handle handle) {
    if ((uintptr_t)handle > 2) return handle;
    counts[IN_DEFAULT].count++;
    return &by_default;
}

static void do_it(const Work *work) {
    switch (work->kind) {
    case KERNEL: counts[LAUNCHES].count++; break;
    case COPY: memmove((void *)work->to, (void *)work->from, work->bytes); break;
    case SET: memset((void *)work->to, work->value, work->bytes);
    }
}

static int give(Handle handle, Work work) {
    Graph *graph = stream_of(handle)->captures;
    if (!graph) { do_it(&work); return OK; }
    Work *kept = malloc(sizeof work);
    *kept = work; kept->next = NULL;
    *graph->end = kept; graph->end = &kept->next;
    counts[CAPTURED].count++;
    return OK;
}

/* Devices and contexts. */
static _Thread_local Address contexts[64];
static _Thread_local int depth;

int cuInit(unsigned flags) { return OK; }
int cuDriverGetVersion(int *version) { *version = 13000; return OK; }
int cuDeviceGetCount(int *count) { *count = DEVICES; return OK; }
int cuDeviceGet(int *device, int index) { *device = index; return index < DEVICES ? OK : INVALID_DEVICE; }
int cuDeviceGetName(char *name, int room, int device) { snprintf(name, room, "Pretended"); return OK; }
int cuDeviceGetUuid(char *uuid, int device) { memset(uuid, 7 + device, 16); return OK; }
int cuDeviceTotalMem(size_t *bytes, int device) { *bytes = MEMORY; return OK; }
int cuDeviceGetAttribute(int *value, int which, int device) {
    static const int known[][2] = {{1, 1024}, {2, 1024}, {3, 64}, {4, 64}, {5, 2147483647}, {6, 65535}, {7, 65535},
        {8, 49152}, {10, 32}, {12, 65536}, {13, 1980000}, {16, 132}, {39, 2048}, {75, 9}, {76, 0}, {81, 233472},
        {97, 232448}};
    *value = 1;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) if (known[i][0] == which) *value = known[i][1];
    return OK;
}
int cuDevicePrimaryCtxRetain(Handle *context, int device) {
    *context = (Handle)(uintptr_t)(CONTEXTS + device);
    return OK;
}
int cuDevicePrimaryCtxRelease(int device) { return OK; }
int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active) { *flags = 0; *active = 1; return OK; }
int cuCtxPushCurrent(Handle context) { contexts[depth++] = (Address)context; return OK; }
int cuCtxPopCurrent(Handle *context) {
    if (!depth) return INVALID_CONTEXT;
    *context = (Handle)contexts[--depth];
    return OK;
}
int cuCtxGetCurrent(Handle *context) { *context = depth ? (Handle)contexts[depth - 1] : NULL; return OK; }
int cuCtxSetCurrent(Handle context) { contexts[depth ? depth - 1 : depth++] = (Address)context; return OK; }
int cuCtxGetDevice(int *device) {
    if (!depth) return INVALID_CONTEXT;
    *device = contexts[depth - 1] - CONTEXTS;
    return OK;
}
int cuCtxSynchronize(void) { return OK; }
int cuCtxGetLimit(size_t *value, int limit) { *value = 1024; return OK; }

/* Memory; its size stands in the line before it. */
int cuMemAlloc(Address *address, size_t bytes) {
    if (counts[BYTES].count + bytes > MEMORY) return OUT_OF_MEMORY;
    size_t whole = LINE + (bytes + LINE - 1) / LINE * LINE;
    size_t *memory = aligned_alloc(LINE, whole);
    memset(memory, 0, whole);
    *memory = bytes;
    counts[BYTES].count += bytes;
    *address = (Address)memory + LINE;
    return OK;
}
int cuMemFree(Address address) {
    counts[BYTES].count -= *(size_t *)(address - LINE);
    free((void *)(address - LINE));
    return OK;
}
int cuMemGetInfo(size_t *left, size_t *all) { *all = MEMORY; *left = MEMORY - counts[BYTES].count; return OK; }
int cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) {
    *memory = aligned_alloc(LINE, (bytes / LINE + 1) * LINE);
    return OK;
}
int cuMemFreeHost(void *memory) { free(memory); return OK; }
int cuMemHostGetDevicePointer(Address *address, void *memory, unsigned flags) {
    *address = (Address)memory;
    return OK;
}
int cuMemcpyHtoDAsync(Address to, const void *from, size_t bytes, Handle s) {
    return give(s, (Work){COPY, to, (Address)from, bytes});
}
int cuMemcpyDtoHAsync(void *to, Address from, size_t bytes, Handle s) {
    return give(s, (Work){COPY, (Address)to, from, bytes});
}
int cuMemcpyDtoDAsync(Address to, Address from, size_t bytes, Handle s) {
    return give(s, (Work){COPY, to, from, bytes});
}
int cuMemsetD8Async(Address to, unsigned char value, size_t bytes, Handle s) {
    return give(s, (Work){SET, to, 0, bytes, value});
}
int cuMemcpyHtoD(Address to, const void *from, size_t bytes) {
    counts[WAITING].count++;
    memmove((void *)to, from, bytes);
    return OK;
}
int cuMemcpyDtoH(void *to, Address from, size_t bytes) {
    counts[WAITING].count++;
    memmove(to, (void *)from, bytes);
    return OK;
}

/* Streams and events: all work is done when it is given. */
int cuStreamCreate(Handle *handle, unsigned flags) {
    Stream *s = calloc(1, sizeof *s);
    s->flags = flags;
    *handle = s;
    return OK;
}
int cuStreamDestroy(Handle handle) { return OK; }
int cuStreamSynchronize(Handle handle) { return stream_of(handle)->captures ? CAPTURE_UNSUPPORTED : OK; }
int cuStreamQuery(Handle handle) { return OK; }
int cuStreamGetCtx(Handle handle, Handle *context) { return cuCtxGetCurrent(context); }
int cuStreamGetFlags(Handle handle, unsigned *flags) { *flags = stream_of(handle)->flags; return OK; }
int cuEventCreate(Handle *event, unsigned flags) { *event = malloc(1); return OK; }
int cuEventDestroy(Handle event) { free(event); return OK; }
int cuEventRecord(Handle event, Handle stream) { return stream_of(stream)->captures ? CAPTURE_UNSUPPORTED : OK; }
int cuEventQuery(Handle event) { return OK; }
int cuEventSynchronize(Handle event) { return OK; }
int cuEventElapsedTime(float *milliseconds, Handle first, Handle last) { *milliseconds = 1; return OK; }

/* Kernels, known by their names. */
int cuModuleLoadData(Handle *module, const void *image) { *module = malloc(1); return OK; }
int cuModuleLoadDataEx(Handle *module, const void *image, unsigned n, int *names, void **values) {
    return cuModuleLoadData(module, image);
}
int cuModuleUnload(Handle module) { return OK; }
int cuModuleGetFunction(Handle *function, Handle module, const char *name) { *function = strdup(name); return OK; }
int cuLibraryLoadData(Handle *library, const void *image, int *a, void **b, unsigned n, int *c, void **d, unsigned m) {
    return cuModuleLoadData(library, image);
}
int cuLibraryUnload(Handle library) { return OK; }
int cuLibraryGetKernel(Handle *kernel, Handle library, const char *name) { *kernel = strdup(name); return OK; }
int cuLibraryGetModule(Handle *module, Handle library) { *module = library; return OK; }
int cuKernelGetFunction(Handle *function, Handle kernel) { *function = kernel; return OK; }
int cuKernelGetLibrary(Handle *library, Handle kernel) { *library = kernel; return OK; }
int cuKernelGetAttribute(int *value, int which, Handle kernel, int device) { *value = 0; return OK; }
int cuFuncGetAttribute(int *value, int which, Handle function) { *value = which ? 32 : 1024; return OK; }
int cuLaunchKernel(Handle function, unsigned x, unsigned y, unsigned z, unsigned width, unsigned height, unsigned deep,
                   unsigned shared, Handle stream, void **arguments, void **extra) {
    if (!x || !y || !z || x > 2147483647u || y > 65535 || z > 65535) return INVALID_VALUE;
    if (strncmp(function, "_Z", 2)) return INVALID_VALUE;  /* as a kernel's name begins */
    unsigned threads = width * height * deep;
    if (threads == 0 || threads > 1024 || shared > 49152 || !arguments) return INVALID_VALUE;
    return give(stream, (Work){KERNEL});
}
/* As cuda.core, and so Numba, launches. */
typedef struct { unsigned x, y, z, width, height, deep, shared; Handle stream; } Grid;
int cuLaunchKernelEx(const Grid *g, Handle function, void **arguments, void **extra) {
    return cuLaunchKernel(function, g->x, g->y, g->z, g->width, g->height, g->deep, g->shared, g->stream, arguments, extra);
}

/* Graphs. */
int cuStreamBeginCapture(Handle handle, int mode) {
    if ((uintptr_t)handle <= 2) return CAPTURE_UNSUPPORTED;
    Graph *graph = calloc(1, sizeof *graph);
    graph->end = &graph->first;
    stream_of(handle)->captures = graph;
    return OK;
}
int cuStreamEndCapture(Handle handle, Handle *graph) {
    Stream *stream = stream_of(handle);
    if (!stream->captures) return CAPTURE_INVALIDATED;
    *graph = stream->captures;
    stream->captures = NULL;
    return OK;
}
int cuGraphInstantiate(Handle *executable, Handle graph, unsigned long long flags) {
    *executable = ((Graph *)graph)->first;
    counts[ALIVE].count++;
    return OK;
}
int cuGraphInstantiateWithFlags(Handle *executable, Handle graph, unsigned long long flags) {
    return cuGraphInstantiate(executable, graph, flags);
}
int cuGraphDestroy(Handle graph) { free(graph); return OK; }
int cuGraphExecDestroy(Handle executable) { counts[ALIVE].count--; return OK; }
int cuGraphLaunch(Handle executable, Handle stream) {
    counts[GRAPHS].count++;
    stream_of(stream);
    for (Work *work = executable; work; work = work->next) do_it(work);
    return OK;
}

/* How NVIDIA's binding finds all of these; what is not here does not work. */
static int unknown(void) { return NOT_SUPPORTED; }
int cuGetErrorName(int error, const char **name) {
    switch (error) {
    case OUT_OF_MEMORY: *name = "CUDA_ERROR_OUT_OF_MEMORY"; break;
    case CAPTURE_UNSUPPORTED: *name = "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"; break;
    case CAPTURE_INVALIDATED: *name = "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"; break;
    default: *name = "CUDA_ERROR_UNKNOWN";
    }
    return OK;
}
int cuGetErrorString(int error, const char **text) { return cuGetErrorName(error, text); }
int cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags, int *status) {
    static void *here;
    Dl_info info;
    if (!here && dladdr((void *)cuInit, &info)) here = dlopen(info.dli_fname, RTLD_NOW);
    void *found = dlsym(here, name);
    *function = found ? found : (void *)unknown;
    if (status) *status = 0;
    return OK;
}
