import { defineConfig } from "vite";

// The page policy is default-src 'self': nothing may be inlined, and everything lies under /assets.
export default defineConfig({
  base: "/",
  build: {
    outDir: "../src/beaconfire/console/dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
