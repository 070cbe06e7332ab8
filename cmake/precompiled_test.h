#pragma once
/// precompiled.h for test programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "precompiled.h"
