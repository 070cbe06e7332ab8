#pragma once
/// Task<T>: a lazy coroutine. It starts when awaited (or spawned) and always resumes on the executor of whoever
/// awaits it, so a connection's coroutines stay on that connection's loop without locks.
///
/// Rules:  no capturing-lambda coroutines (the captures die with the lambda); parameters by value or outliving the
///         await; never co_await while holding a Mutex; a Task is awaited at most once.
/// Errors: an exception that leaves a coroutine is a bug and ends the process; failures travel as Result<T>.

#include <atomic>
#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "core/result.h"

namespace penstock {

/// Where coroutines resume. `post` may be called from any thread; work runs in the order posted by one thread.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(std::move_only_function<void()> work) = 0;
};

template <class T>
class Task;

namespace detail {

struct PromiseBase {
  Executor* executor = nullptr;
  std::coroutine_handle<> continuation = std::noop_coroutine();

  struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) const noexcept {
      return self.promise().continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept { fatal("exception left a coroutine", __FILE__, __LINE__); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U = T>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void take() {}
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    Handle handle;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> parent) noexcept {
      handle.promise().executor = parent.promise().executor;
      handle.promise().continuation = parent;
      return handle;
    }
    T await_resume() { return handle.promise().take(); }
  };
  /// The Task object must outlive the await: `co_await f()` and `co_await std::move(task)` both do.
  Awaiter operator co_await() && noexcept { return Awaiter{handle_}; }

  /// Gives the coroutine away; whoever takes it destroys it.
  [[nodiscard]] Handle release() && { return std::exchange(handle_, nullptr); }

 private:
  Handle handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

/// A coroutine that nobody awaits; it frees itself when it ends.
struct Detached {
  struct promise_type {
    Executor* executor = nullptr;
    Detached get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    [[noreturn]] void unhandled_exception() noexcept { fatal("exception left a coroutine", __FILE__, __LINE__); }
  };
  std::coroutine_handle<promise_type> handle;
};

template <class T, class Done>
Detached detach(Task<T> task, Done done) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
    done();
  } else {
    done(co_await std::move(task));
  }
}

}  // namespace detail

/// Starts `task` on the calling thread, which must be running `executor`; `done(result)` is called on `executor`.
template <class T, class Done>
void spawn_here(Executor& executor, Task<T> task, Done done) {
  auto detached = detail::detach(std::move(task), std::move(done));
  detached.handle.promise().executor = &executor;
  detached.handle.resume();
}

/// Starts `task` on `executor`, from any thread.
template <class T, class Done>
void spawn(Executor& executor, Task<T> task, Done done) {
  auto detached = detail::detach(std::move(task), std::move(done));
  detached.handle.promise().executor = &executor;
  executor.post([handle = detached.handle] { handle.resume(); });
}

/// Continues the calling coroutine on its own executor, after whatever is queued there.
struct Yield {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) const {
    self.promise().executor->post([self] { self.resume(); });
  }
  void await_resume() const noexcept {}
};

/// The executor of the calling coroutine: `Executor& executor = co_await current_executor();`
struct CurrentExecutor {
  Executor* executor = nullptr;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) {
    executor = self.promise().executor;
    return false;
  }
  Executor& await_resume() const noexcept { return *executor; }
};
inline CurrentExecutor current_executor() { return {}; }

/// A value that arrives once. Copies share it: one side calls `set` (from any thread, once), the other awaits it
/// (one waiter, once) and resumes on its own executor. Whoever takes a Completion must set it, whatever happens.
template <class T>
class Completion {
 public:
  Completion() : state_(std::make_shared<State>()) {}

  void set(T value) const {
    std::coroutine_handle<> waiter;
    Executor* executor = nullptr;
    {
      const MutexLock lock(state_->mutex);
      PENSTOCK_ASSERT(!state_->value.has_value());
      state_->value.emplace(std::move(value));
      waiter = state_->waiter;
      executor = state_->executor;
    }
    if (waiter) executor->post([waiter] { waiter.resume(); });
  }

  [[nodiscard]] bool is_set() const {
    const MutexLock lock(state_->mutex);
    return state_->value.has_value();
  }

  auto operator co_await() const { return Awaiter{state_}; }

 private:
  struct State {
    Mutex mutex;
    std::optional<T> value GUARDED_BY(mutex);
    std::coroutine_handle<> waiter GUARDED_BY(mutex);
    Executor* executor GUARDED_BY(mutex) = nullptr;
  };
  struct Awaiter {
    std::shared_ptr<State> state;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> self) {
      const MutexLock lock(state->mutex);
      if (state->value.has_value()) return false;
      state->waiter = self;
      state->executor = self.promise().executor;
      return true;
    }
    T await_resume() {
      const MutexLock lock(state->mutex);
      return std::move(*state->value);
    }
  };
  std::shared_ptr<State> state_;
};

/// Runs all tasks at once (each is started in turn, in order) and gives their results in the same order.
template <class T>
Task<std::vector<T>> when_all(std::vector<Task<T>> tasks) {
  if (tasks.empty()) co_return std::vector<T>{};
  struct Shared {
    std::vector<std::optional<T>> results;
    std::atomic<std::size_t> open;
    Completion<bool> all_done;
  };
  auto shared = std::make_shared<Shared>();
  shared->results.resize(tasks.size());
  shared->open = tasks.size();
  Executor& executor = co_await current_executor();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    spawn_here(executor, std::move(tasks[i]), [shared, i](T result) {
      shared->results[i].emplace(std::move(result));
      if (shared->open.fetch_sub(1) == 1) shared->all_done.set(true);
    });
  }
  co_await shared->all_done;
  std::vector<T> out;
  out.reserve(shared->results.size());
  for (auto& result : shared->results) out.push_back(std::move(*result));
  co_return out;
}

/// An executor that runs work only when told to, on the thread that tells it. For tests, tools and start-up.
class ManualExecutor final : public Executor {
 public:
  void post(std::move_only_function<void()> work) override EXCLUDES(mutex_);
  /// Runs everything queued, including what that queues. Returns how many pieces ran.
  std::size_t run_ready() EXCLUDES(mutex_);
  /// Runs until `done` is true, sleeping while there is nothing to do.
  void run_until(const std::atomic<bool>& done) EXCLUDES(mutex_);

 private:
  std::optional<std::move_only_function<void()>> pop() EXCLUDES(mutex_);
  Mutex mutex_;
  CondVar arrived_;
  std::vector<std::move_only_function<void()>> queue_ GUARDED_BY(mutex_);
  std::size_t head_ GUARDED_BY(mutex_) = 0;
};

/// Runs one task to its end on the calling thread. For tests, tools and start-up; never inside a coroutine.
template <class T>
T run_sync(Task<T> task) {
  ManualExecutor executor;
  std::atomic<bool> done = false;
  if constexpr (std::is_void_v<T>) {
    spawn_here(executor, std::move(task), [&done] { done = true; });
    executor.run_until(done);
  } else {
    std::optional<T> out;
    spawn_here(executor, std::move(task), [&](T value) {
      out.emplace(std::move(value));
      done = true;
    });
    executor.run_until(done);
    return std::move(*out);
  }
}

}  // namespace penstock
