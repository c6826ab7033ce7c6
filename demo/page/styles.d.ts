/** Vite turns these imports into stylesheets. */
declare module '*.css';
