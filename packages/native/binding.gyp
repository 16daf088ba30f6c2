{
  "variables": { "sanitize%": "", "controls%": "" },
  "targets": [
    {
      "target_name": "ringpool",
      "sources": [
        "addon/addon.cc",
        "addon/descriptors.cc",
        "addon/doorbell.cc",
        "addon/env_data.cc",
        "addon/guard.cc",
        "addon/lookup.cc",
        "addon/native_ring.cc",
        "addon/obituary.cc",
        "addon/register_through.cc",
        "addon/ring_cancel.cc",
        "addon/ring_core.cc",
        "addon/ring_drain.cc",
        "addon/ring_open.cc",
        "addon/ring_registry.cc",
        "addon/transfer.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags_cc": ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fvisibility=hidden", "-fno-exceptions"],
      "conditions": [
        ["sanitize!=''", {
          "cflags_cc": ["-fsanitize=<(sanitize)", "-fno-omit-frame-pointer", "-g", "-O1"],
          "ldflags": ["-fsanitize=<(sanitize)"]
        }],
        ["controls=='without-drain'", { "defines": ["RINGPOOL_WITHOUT_DRAIN"] }],
        ["controls=='without-reference'", { "defines": ["RINGPOOL_WITHOUT_REFERENCE"] }]
      ]
    }
  ]
}
