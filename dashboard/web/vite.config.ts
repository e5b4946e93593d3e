import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const backend = process.env.TROUPE_API ?? 'http://127.0.0.1:8080';
const key = process.env.TROUPE_KEY;
const proxy = {
  target: backend,
  changeOrigin: true,
  // Before people can sign in, a key stands in for the cookies.
  headers: key === undefined ? undefined : { 'X-API-Key': key },
};

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy: { '/api': proxy, '/media': proxy } },
  preview: { proxy: { '/api': proxy, '/media': proxy } },
  build: {
    target: 'es2022',
    // Never inline: the content security policy allows files of this host only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/test-setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    css: false,
  },
});
