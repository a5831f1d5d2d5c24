// Only in the preset tsan, linked into every program: what ThreadSanitizer has to be told of libraries that Debian
// ships without its marks.

#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <new>

/// Whatever is told of ends the process, so that every test notices, whichever process it is in.
extern "C" const char* __tsan_default_options() {
    return "halt_on_error=1";
}

/// What these libraries synchronise with (their own atomics, Abseil's mutex) cannot be seen, so that their memory looks
/// shared without order: what the sanitizer sees of them, calls to its own functions (memcpy, malloc), is not looked
/// at, nor are races in which a frame is theirs. Sluice's own are still told.
extern "C" const char* __tsan_default_suppressions() {
    return "called_from_lib:libcrypto.so\n"
           "called_from_lib:libssl.so\n"
           "called_from_lib:libz.so\n"
           "called_from_lib:librocksdb.so\n"
           "called_from_lib:librdkafka.so\n"
           "called_from_lib:libgpr.so\n"
           "called_from_lib:libgrpc.so\n"
           "called_from_lib:libgrpc++.so\n"
           "called_from_lib:libupb.so\n"
           "called_from_lib:libabsl_cord.so\n"
           "called_from_lib:libabsl_cord_internal.so\n"
           "called_from_lib:libabsl_strings.so\n"
           "race:rocksdb::\n"
           "race:_M_append\n"  // std::string's, called by RocksDB's threads
           "race:grpc\n"
           "race:absl\n"
           "race:libupb\n"
           "race:^mtx_\n"  // below: librdkafka's
           "race:^cnd_\n";
}

// librdkafka starts and locks its threads with C11's functions, which GCC 12's sanitizer does not know: a thread so
// begun has no state in it, and the first thing it does falls. Here they are made of POSIX's, which it knows; glibc
// does the same inside (nptl/thrd_create.c), with types of the same size.

static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t) && alignof(mtx_t) >= alignof(int));
static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t) && alignof(cnd_t) >= alignof(int));

namespace {

struct Start {
    thrd_start_t run;
    void* argument;
};

void* run_started(void* raw) {
    Start start = *static_cast<Start*>(raw);
    delete static_cast<Start*>(raw);
    return reinterpret_cast<void*>(static_cast<std::intptr_t>(start.run(start.argument)));
}

pthread_mutex_t* mutex_of(mtx_t* mutex) {
    return reinterpret_cast<pthread_mutex_t*>(mutex);
}
pthread_cond_t* condition_of(cnd_t* condition) {
    return reinterpret_cast<pthread_cond_t*>(condition);
}

int thrd_result(int failed) {
    switch (failed) {
        case 0:
            return thrd_success;
        case ENOMEM:
            return thrd_nomem;
        case ETIMEDOUT:
            return thrd_timedout;
        case EBUSY:
            return thrd_busy;
        default:
            return thrd_error;
    }
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t run, void* argument) {
    auto* start = new (std::nothrow) Start{run, argument};
    if (start == nullptr) return thrd_nomem;
    int failed = pthread_create(thread, nullptr, run_started, start);
    if (failed != 0) delete start;
    return failed == EAGAIN ? thrd_nomem : thrd_result(failed);
}

int thrd_join(thrd_t thread, int* result) {
    void* returned = nullptr;
    int failed = pthread_join(thread, &returned);
    if (result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
    return thrd_result(failed);
}

int thrd_detach(thrd_t thread) {
    return thrd_result(pthread_detach(thread));
}

int mtx_init(mtx_t* mutex, int type) noexcept {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes,
                              (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    int failed = pthread_mutex_init(mutex_of(mutex), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return thrd_result(failed);
}
void mtx_destroy(mtx_t* mutex) noexcept {
    pthread_mutex_destroy(mutex_of(mutex));
}
int mtx_lock(mtx_t* mutex) {
    return thrd_result(pthread_mutex_lock(mutex_of(mutex)));
}
int mtx_trylock(mtx_t* mutex) {
    return thrd_result(pthread_mutex_trylock(mutex_of(mutex)));
}
int mtx_timedlock(mtx_t* mutex, const timespec* until) {
    return thrd_result(pthread_mutex_timedlock(mutex_of(mutex), until));
}
int mtx_unlock(mtx_t* mutex) noexcept {
    return thrd_result(pthread_mutex_unlock(mutex_of(mutex)));
}

int cnd_init(cnd_t* condition) noexcept {
    return thrd_result(pthread_cond_init(condition_of(condition), nullptr));
}
void cnd_destroy(cnd_t* condition) noexcept {
    pthread_cond_destroy(condition_of(condition));
}
int cnd_signal(cnd_t* condition) noexcept {
    return thrd_result(pthread_cond_signal(condition_of(condition)));
}
int cnd_broadcast(cnd_t* condition) noexcept {
    return thrd_result(pthread_cond_broadcast(condition_of(condition)));
}
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
    return thrd_result(pthread_cond_wait(condition_of(condition), mutex_of(mutex)));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
    return thrd_result(pthread_cond_timedwait(condition_of(condition), mutex_of(mutex), until));
}

}  // extern "C"
