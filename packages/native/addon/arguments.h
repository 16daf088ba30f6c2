// Arguments of the functions that are called too often for objects around each value. Numbers are taken whole or not at
// all: a number cut to 32 bits would name another descriptor than the caller's.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>

namespace ringpool {

/** The largest integer below which every integer is a double. */
constexpr double kSafeIntegerMax = 9007199254740991.0;

/** The first N arguments of a call. */
template <size_t N>
struct Arguments {
  napi_env env;
  napi_value values[N];

  Arguments(napi_env environment, napi_callback_info info) : env(environment) {
    size_t count = N;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }

  /** False unless the argument is an integer from `least` to `most`. */
  bool Integer(size_t index, double least, double most, double* out) const {
    if (napi_get_value_double(env, values[index], out) != napi_ok) return false;
    // The comparisons come first: they also refuse what is not a number, which must not be converted.
    return *out >= least && *out <= most && *out == static_cast<double>(static_cast<int64_t>(*out));
  }

  bool Descriptor(size_t index, int* out) const {
    double value;
    if (!Integer(index, 0, INT32_MAX, &value)) return false;
    *out = static_cast<int>(value);
    return true;
  }

  bool Unsigned(size_t index, uint32_t* out) const {
    double value;
    if (!Integer(index, 0, UINT32_MAX, &value)) return false;
    *out = static_cast<uint32_t>(value);
    return true;
  }

  bool Boolean(size_t index, bool* out) const { return napi_get_value_bool(env, values[index], out) == napi_ok; }

  napi_value Answer(int64_t value) const {
    napi_value number = nullptr;
    napi_create_int64(env, value, &number);
    return number;
  }
};

/** A typed array: where its bytes lie and where the buffer under it begins. */
struct ViewArgument {
  uint8_t* data = nullptr;
  size_t length = 0;  // in elements
  size_t byte_offset = 0;
  bool shared = false;

  /** False unless the value is a typed array of this type. */
  bool Read(napi_env env, napi_value value, napi_typedarray_type wanted) {
    napi_typedarray_type type;
    napi_value buffer = nullptr;
    void* bytes = nullptr;
    if (napi_get_typedarray_info(env, value, &type, &length, &bytes, &buffer, &byte_offset) != napi_ok) return false;
    if (type != wanted) return false;
    bool plain = true;
    napi_is_arraybuffer(env, buffer, &plain);
    data = static_cast<uint8_t*>(bytes);
    shared = !plain;
    return true;
  }

  /** False unless the value is a Uint8Array, shared or not. */
  bool ReadBytes(napi_env env, napi_value value) {
    napi_typedarray_type type;
    void* bytes = nullptr;
    if (napi_get_typedarray_info(env, value, &type, &length, &bytes, nullptr, nullptr) != napi_ok) return false;
    data = static_cast<uint8_t*>(bytes);
    return type == napi_uint8_array;
  }
};

/** Exports a function that takes its arguments as they come. */
inline void ExportFunction(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace ringpool
