# precompile(target [tests]): the target's files start from the precompiled headers of precompiled.h (or precompiled_test.h).
# ccache sees a precompiled header by the hash of its preprocessed text (<name>.pch.sum), not by its bytes, which hold the
# path of the folder that it was built in: so checkouts in different folders share the cache.
option(PENSTOCK_PCH "precompile headers" ON)

function(precompiled_library name header)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}}")
  set(folder ${CMAKE_BINARY_DIR}/CMakeFiles/${name}.dir)
  set(sum ${folder}/cmake_pch.hxx.pch.sum)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${sum}
    COMMAND ${CMAKE_CXX_COMPILER} -x c++-header -std=c++23 ${flags} ${CMAKE_SOURCE_DIR}/cmake/${header} -E -P
      -MD -MF ${sum}.d -MT ${sum} -o ${folder}/text
    COMMAND ${CMAKE_COMMAND} -E chdir ${folder} ${CMAKE_COMMAND} -E sha256sum text > ${sum}
    DEPENDS ${CMAKE_SOURCE_DIR}/cmake/${header} DEPFILE ${sum}.d VERBATIM)
  file(WRITE ${CMAKE_BINARY_DIR}/CMakeFiles/${name}.cc "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/CMakeFiles/${name}.cc ${sum})
  target_precompile_headers(${name} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/${header})
  # A program and a library are compiled alike: the boost_compiled definitions belong to both.
  target_compile_definitions(${name} PRIVATE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
    BOOST_ASIO_NO_DEPRECATED)
endfunction()

if(PENSTOCK_PCH)
  # CMake adds the header's absolute path a second time, which ccache cannot make relative; the precompiled file is enough.
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Xclang -include-pch -Xclang <PCH_FILE>)
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  precompiled_library(precompiled precompiled.h)
  if(PENSTOCK_TESTS)
    find_package(GTest REQUIRED)
    precompiled_library(precompiled_test precompiled_test.h)
    target_link_libraries(precompiled_test PRIVATE GTest::gmock)
  endif()
endif()

function(precompile target)
  if(PENSTOCK_PCH)
    if("tests" IN_LIST ARGN)
      target_precompile_headers(${target} REUSE_FROM precompiled_test)
    else()
      target_precompile_headers(${target} REUSE_FROM precompiled)
    endif()
  endif()
endfunction()
