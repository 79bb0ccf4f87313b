import { defineConfig } from "vite";

// Unit tests of pure functions, bundled for Node's own test runner: Node 20 reads no TypeScript.
export default defineConfig({
  build: {
    ssr: true,
    outDir: "build-test",
    emptyOutDir: true,
    rollupOptions: { input: ["test/rings.test.ts", "test/camera.test.ts", "test/page.test.ts", "test/securitykey.test.ts"] },
  },
  ssr: { noExternal: true },
});
