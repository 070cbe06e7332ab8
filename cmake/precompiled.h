#pragma once
/// The headers that half of the files would otherwise parse again: standard, fmt and Boost.JSON; nothing of Penstock.
/// Every file still includes what it uses: the tree must build with -DPENSTOCK_PCH=OFF too.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>
