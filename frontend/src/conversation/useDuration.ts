import { useI18n } from 'vue-i18n';

/** Formats a duration as people say it: `340 ms`, `6 s`, `2 min 5 s`. */
export function useDuration(): (ms: number) => string {
  const { t } = useI18n();
  return (ms) => {
    if (ms < 1000) return t('chat.duration.ms', { n: Math.round(ms) });
    const seconds = ms / 1000;
    if (seconds < 60)
      return t('chat.duration.s', { n: seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds) });
    const whole = Math.round(seconds);
    return t('chat.duration.m', { m: Math.floor(whole / 60), s: whole % 60 });
  };
}
