const english = {
  title: 'Mishkah Branch Server',
  starting: 'Starting',
  ready: 'Working',
  restarting: 'The server crashed and is starting again',
  failed: 'Stopped',
  stopped: 'Stopped',
  devices: 'devices connected',
  openConsole: 'Open console',
  showAddress: 'Show address…',
  backUpNow: 'Back up now…',
  restartServer: 'Restart server',
  quit: 'Quit…',
  addressTitle: 'Addresses of this server',
  addressLoopback: 'Only this machine is served. Start with --host 0.0.0.0 to serve the network.',
  copy: 'Copy',
  close: 'Close',
  cancel: 'Cancel',
  quitTitle: 'Quit the branch server?',
  quitDetail: 'Tablets and kitchen screens stop working until it is started again.',
  quitSure: 'Are you sure?',
  quitSureDetail: 'All devices of the branch will be disconnected now.',
  stay: 'Keep running',
}

export type Texts = typeof english

const arabic: Texts = {
  title: 'خادم فرع مشكاة',
  starting: 'قيد التشغيل',
  ready: 'يعمل',
  restarting: 'توقف الخادم فجأة ويعاد تشغيله',
  failed: 'متوقف',
  stopped: 'متوقف',
  devices: 'أجهزة متصلة',
  openConsole: 'فتح لوحة الإدارة',
  showAddress: 'عرض العنوان…',
  backUpNow: 'نسخ احتياطي الآن…',
  restartServer: 'إعادة تشغيل الخادم',
  quit: 'إنهاء…',
  addressTitle: 'عناوين هذا الخادم',
  addressLoopback: 'الخادم متاح لهذا الجهاز فقط. شغّله مع ‎--host 0.0.0.0‎ ليتاح للشبكة.',
  copy: 'نسخ',
  close: 'إغلاق',
  cancel: 'إلغاء',
  quitTitle: 'إنهاء خادم الفرع؟',
  quitDetail: 'ستتوقف الأجهزة اللوحية وشاشات المطبخ عن العمل حتى يعاد تشغيله.',
  quitSure: 'هل أنت متأكد؟',
  quitSureDetail: 'سيُقطع اتصال جميع أجهزة الفرع الآن.',
  stay: 'متابعة التشغيل',
}

/** The language of the machine; English when it is neither. */
export function textsFor(locale: string): Texts {
  return locale.toLowerCase().startsWith('ar') ? arabic : english
}
